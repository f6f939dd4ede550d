import { readFile } from 'node:fs/promises';

/** A block of code on a page of the documentation. */
export interface Block {
  readonly language: string;
  readonly text: string;
}

/** A `curl …` with the answer that is printed behind it. */
export interface CurlExample {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string | Buffer;
  readonly answer: unknown;
}

/** The blocks of a page, in their order. */
export function blocksOf(page: string): Block[] {
  const blocks = page.matchAll(/^```(\w*)\n(.*?)\n```$/gms);
  return [...blocks].map(([, language = '', text = '']) => ({ language, text }));
}

/** Each `curl …` that is followed by its answer. */
export async function curlExamples(blocks: readonly Block[]): Promise<CurlExample[]> {
  const examples = blocks.map(async ({ language, text }, index) => {
    const next = blocks[index + 1];
    return language === 'sh' && text.startsWith('curl') && next?.language === 'json' ? [curlExample(text, next)] : [];
  });
  return Promise.all((await Promise.all(examples)).flat());
}

async function curlExample(command: string, { text: answer }: Block): Promise<CurlExample> {
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
}

/** What is measured differs from run to run; a model's float is the same by however many digits it is written. */
export function withoutTimings(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, part: unknown) => {
      if (key === 'timings_ms') return 'measured';
      return typeof part === 'number' ? Math.fround(part) : part;
    }),
  );
}
