import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { createServer } from '#src/server.js';
import { blocksOf, curlExamples, withoutTimings } from './support/documented-examples.js';

describe('the curl lines of the documentation', () => {
  it('give the answers that are printed there', async (t) => {
    const pages = { 'README.md': 6, 'docs/protocols.md': 2 };
    const all = Object.entries(pages).map(async ([page, count]) => {
      const found = await curlExamples(blocksOf(await readFile(page, 'utf8')));
      assert.equal(found.length, count, page);
      return found;
    });
    const examples = (await Promise.all(all)).flat();
    const millrace = await createServer({
      models: './models',
      port: 0,
      grpc: { port: 'off' },
      log: { level: 'silent' },
      shutdown: { grace_ms: 0 },
    });
    t.after(() => millrace.close());
    await millrace.loaded;
    const origin = await millrace.listen();
    for (const { path, headers, body, answer } of examples) {
      const response = await fetch(origin + path, { method: 'POST', headers, body });
      assert.deepEqual(withoutTimings(await response.json()), withoutTimings(answer), path);
    }
  });
});
