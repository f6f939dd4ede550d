import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { createServer } from '#src/server.js';

interface Example {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly answer: unknown;
}

/** Each `curl … -d` of the README with the answer that is printed below it. */
function examplesIn(text: string): Example[] {
  const blocks = text.matchAll(/```sh\n(curl[^`]+)```\s+```json\n([^`]+)```/g);
  return [...blocks].map(([, command = '', answer = '']) => ({
    url: /https?:\/\/\S+/.exec(command)?.[0] ?? '',
    headers: Object.fromEntries(
      [...command.matchAll(/-H '([^:]+): ([^']+)'/g)].map(([, name, value]) => [name, value]),
    ),
    body: /-d '([^']+)'/.exec(command)?.[1] ?? '',
    answer: JSON.parse(answer),
  }));
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
    const examples = examplesIn(await readFile('README.md', 'utf8'));
    assert.equal(examples.length, 2);
    const millrace = await createServer({
      models: './models',
      port: 0,
      log: { level: 'silent' },
      shutdown: { grace_ms: 0 },
    });
    t.after(() => millrace.close());
    await millrace.loaded;
    const origin = await millrace.listen();
    for (const { url, headers, body, answer } of examples) {
      const response = await fetch(origin + new URL(url).pathname, { method: 'POST', headers, body });
      assert.deepEqual(withoutTimings(await response.json()), withoutTimings(answer));
    }
  });
});
