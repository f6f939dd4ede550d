import { parseDocument } from 'yaml';
import { MAX_NESTING } from './nesting.js';

const MAX_BYTES = 64 * 1024;
const MAX_LINES = 5_000;

/** A YAML file that cannot be read; the message says what is wrong and on which line. */
export class YamlError extends Error {}

/**
 * Reads one YAML document (version 1.2, core schema) that the operator wrote. Size and nesting are checked on the
 * text first: on Node 20 the parser aborts the process on two kilobytes of nested brackets, and it is quadratic in
 * the keys of a mapping.
 *
 * @returns the document as plain values; `{}` for an empty one
 * @throws YamlError
 */
export function readYaml(text: string): unknown {
  if (Buffer.byteLength(text) > MAX_BYTES) throw new YamlError(`the file is larger than ${MAX_BYTES} bytes`);
  const lines = text.split('\n');
  if (lines.length > MAX_LINES) throw new YamlError(`the file has more than ${MAX_LINES} lines`);
  if (nestsTooDeep(lines)) throw new YamlError(`the file nests deeper than ${MAX_NESTING} levels`);
  const document = parseDocument(text, { prettyErrors: true, stringKeys: true, logLevel: 'silent' });
  const [error] = document.errors;
  if (error !== undefined) throw new YamlError(error.message.split('\n')[0]?.replace(/:$/, '') ?? 'not YAML');
  return (document.toJS({ maxAliasCount: 100 }) as unknown) ?? {};
}

/** An upper bound, cheap and careless of quotes: open brackets of the whole text, plus the levels that one line opens. */
function nestsTooDeep(lines: readonly string[]): boolean {
  let brackets = 0;
  const indents: number[] = [];
  for (const line of lines) {
    const [indent = ''] = /^ */.exec(line) ?? [];
    while (indents.length > 0 && (indents.at(-1) as number) >= indent.length) indents.pop();
    if (line.trim() !== '') indents.push(indent.length);
    const compact = (line.match(/(?:^|\s)[-?](?=\s)/g) ?? []).length;
    const opened = (line.match(/[[{]/g) ?? []).length;
    if (brackets + opened + indents.length + compact > MAX_NESTING) return true;
    brackets = Math.max(0, brackets + opened - (line.match(/[\]}]/g) ?? []).length);
  }
  return false;
}
