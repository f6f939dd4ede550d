import { Lexer, parseDocument } from 'yaml';
import { reasonOf } from './errors.js';
import { MAX_NESTING } from './nesting.js';

/** Larger files are not read. */
export const MAX_YAML_BYTES = 64 * 1024;
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
  if (Buffer.byteLength(text) > MAX_YAML_BYTES) throw new YamlError(`the file is larger than ${MAX_YAML_BYTES} bytes`);
  const lines = text.split('\n');
  if (lines.length > MAX_LINES) throw new YamlError(`the file has more than ${MAX_LINES} lines`);
  if (nestsTooDeep(text)) throw new YamlError(`the file nests deeper than ${MAX_NESTING} levels`);
  const document = parseDocument(text, { prettyErrors: true, stringKeys: true });
  const [error] = document.errors;
  if (error !== undefined) throw new YamlError(error.message.split('\n')[0]?.replace(/:$/, '') ?? 'not YAML');
  try {
    return (document.toJS({ maxAliasCount: 100 }) as unknown) ?? {};
  } catch (error) {
    // Aliases that lead nowhere or grow without end show here.
    throw new YamlError(reasonOf(error), { cause: error });
  }
}

/**
 * An upper bound, from tokens alone: open brackets, and the columns at which levels of the block style begin. The
 * lexer doesn't recurse, and knows what is a string or a comment.
 */
function nestsTooDeep(text: string): boolean {
  const levels: number[] = [];
  let brackets = 0;
  let column = 0;
  let opens = true;
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') brackets += 1;
    else if (token === ']' || token === '}') brackets = Math.max(0, brackets - 1);
    else if (opens && brackets === 0 && !/^[\s\u0002\u0018\u001f\ufeff#]/.test(token)) {
      while (levels.length > 0 && (levels.at(-1) as number) >= column) levels.pop();
      levels.push(column);
    }
    if (brackets + levels.length > MAX_NESTING) return true;
    const newline = token.lastIndexOf('\n');
    if (newline >= 0) opens = true;
    else if (!/^[ \t\u0002\u0018\u001f\ufeff]/.test(token)) opens = token === '-' || token === '?';
    if (newline >= 0) column = token.length - newline - 1;
    else if (!/^[\u0002\u0018\u001f\ufeff]/.test(token)) column += token.length;
  }
  return false;
}
