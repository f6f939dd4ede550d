import { readFile } from 'node:fs/promises';

/** A command with curl in the documentation, and the answer that is printed below it. */
export interface Example {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string | Buffer;
  readonly answer: unknown;
}

/** Each `curl …` of a page that is followed by its answer. */
export async function examplesIn(text: string): Promise<Example[]> {
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
export const withoutTimings = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (key, part: unknown) => {
      if (key === 'timings_ms') return 'measured';
      return typeof part === 'number' ? Math.fround(part) : part;
    }),
  );
