import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { resolveConfig } from '#src/config.js';
import { environmentLayer } from '#src/config-sources.js';
import { readYaml } from '#src/core/yaml-document.js';
import { readKeys } from '#src/http/api-keys.js';
import { metricTable } from '#src/observe/metric-table.js';
import { readModelConfig } from '#src/serving/model-config.js';
import { startTestServer, type TestServer } from './support/test-server.js';

// From build/test, where this file runs. The scripts are not compiled, so the compiler does not know them.
const root = new URL('../../', import.meta.url);
const { referencePages } = (await import(new URL('scripts/reference/pages.mjs', root).href)) as {
  referencePages: () => Record<'docs/configuration.md' | 'docs/errors.md' | 'docs/metrics.md', string>;
};
const pages = referencePages();

/** The code blocks of a page in one language. */
function blocks(page: string, language: string): string[] {
  return [...page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)\n\`\`\`$`, 'gms'))].map(([, text]) => text as string);
}

describe('a generated page', () => {
  for (const [path, text] of Object.entries(pages)) {
    it(`is what the sources say: ${path}`, () => {
      assert.equal(readFileSync(new URL(path, root), 'utf8'), text, 'run: node scripts/docs.mjs');
    });
  }
});

describe('docs/configuration.md', () => {
  const page = pages['docs/configuration.md'];

  it('shows a millrace.yaml, keys and a model.yaml that the server takes', () => {
    const [serverText, keys = '', modelText, ...others] = blocks(page, 'yaml');
    assert.deepEqual(others, []);
    const [server, model] = [serverText, modelText].map((text = '') => readYaml(text) as Record<string, unknown>);
    assert.deepEqual(
      readKeys(keys).map(({ tenant }) => tenant),
      ['search', 'monitoring'],
    );
    assert.equal(resolveConfig([{ values: server ?? {}, nameOf: (path) => path }]).limits.timeout_ms, 5000);
    const result = readModelConfig('model.yaml', model);
    assert.ok(result.ok, JSON.stringify(result));
    assert.equal(result.config.batching.policy, 'static');
  });

  it('names the variable that sets each setting', () => {
    const rows = [...page.matchAll(/^\| `([\w.]+)` +\| `(MILLRACE_\w+)`/gm)];
    assert.ok(rows.length > 15, `${rows.length} rows`);
    for (const [, path = '', variable = ''] of rows) {
      const expected = path.split('.').reduceRight<unknown>((value, key) => ({ [key]: value }), 'here');
      assert.deepEqual(environmentLayer({ [variable]: 'here' }).values, expected);
    }
  });
});

describe('docs/errors.md', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer({}, { models: fileURLToPath(new URL('models', root)) });
  });
  after(() => server.stop());

  it('shows an answer that the server gives', async () => {
    const page = pages['docs/errors.md'];
    const body = /-d '(.*)'/.exec(blocks(page, 'sh')[0] ?? '')?.[1] ?? '';
    const shown = JSON.parse(blocks(page, 'json')[0] ?? '') as { status: number; request_id: string };
    const answer = await server.post('/predict', body, { 'X-Request-Id': shown.request_id });
    assert.deepEqual(answer.body, shown);
    const [head = ''] = blocks(page, 'http');
    assert.ok(head.startsWith(`HTTP/1.1 ${answer.status} `), head);
    assert.ok(head.includes(`Content-Type: ${answer.type}\n`), head);
    assert.ok(head.includes(`X-Request-Id: ${answer.get('x-request-id')}`), head);
  });
});

describe('docs/metrics.md', () => {
  it('queries metrics that there are, by labels that they have', () => {
    const queries = blocks(pages['docs/metrics.md'], 'promql');
    assert.ok(queries.length > 2);
    const specs = Object.values(metricTable);
    for (const query of queries) {
      const names = query.match(/millrace_\w+/g) ?? [];
      const used = names.map((name) =>
        specs.find((spec) => {
          return spec.name === (spec.type === 'histogram' ? name.replace(/_(?:bucket|sum|count)$/, '') : name);
        }),
      );
      assert.ok(names.length > 0 && !used.includes(undefined), query);
      const labels = [...query.matchAll(/\bby \(([^)]*)\)|\{(\w+)=/g)].flatMap(([, by, match]) =>
        (by ?? match ?? '').split(', '),
      );
      for (const label of labels.filter((each) => each !== 'le')) {
        assert.ok(
          used.every((spec) => spec?.labels.includes(label)),
          `${label} in ${query}`,
        );
      }
    }
  });
});
