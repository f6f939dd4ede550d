import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { createServer } from '#src/server.js';

interface Example {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string | Buffer;
  readonly answer: unknown;
}

/** Each `curl …` of the README that is followed by its answer. */
async function examplesIn(text: string): Promise<Example[]> {
  const blocks = text.matchAll(/```sh\n(curl[^`]+)```\s+```json\n([^`]+)```/g);
  return Promise.all(
    [...blocks].map(async ([, command = '', answer = '']) => {
      const { pathname, search } = new URL(/https?:\/\/[^\s'"]+/.exec(command)?.[0] ?? '');
      const [, file] = /--data-binary @(\S+)/.exec(command) ?? [];
      const headers = [...command.matchAll(/-H '([^:]+): ([^']+)'/g)].map(([, name, value]) => [name, value]);
      return {
        path: pathname + search,
        // What curl says of a body when nothing else is said.
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...Object.fromEntries(headers) },
        body: file === undefined ? (/-d '([^']+)'/.exec(command)?.[1] ?? '') : await readFile(file),
        answer: JSON.parse(answer),
      };
    }),
  );
}

/** What is measured differs from run to run; a model's float is the same by however many digits it is written. */
const withoutTimings = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (key, part: unknown) => {
      if (key === 'timings_ms') return 'measured';
      return typeof part === 'number' ? Math.fround(part) : part;
    }),
  );

describe('the curl lines of the README', () => {
  it('give the answers that are printed there', async (t) => {
    const examples = await examplesIn(await readFile('README.md', 'utf8'));
    assert.equal(examples.length, 6);
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
