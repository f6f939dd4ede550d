import { isUtf8 } from 'node:buffer';
import { parseJson } from '../core/json-document.js';
import { JsonNumbers } from '../tensor/json-numbers.js';
import { NumberReader, type ReadArray } from '../tensor/number-reader.js';
import { DocumentWalk, type Path } from './document-walk.js';

/** Shorter bodies are parsed as they are: to scan them costs more than it saves. */
const SHORT_BODY = 512;

const SPACE = 0x20;
const CLOSE_BRACE = 0x7d;

/**
 * Reads the document of a request, and long arrays of numbers in it at several times the speed of JSON.parse: where an
 * item, or a member of an item, is such an array, it may be JsonNumbers. All else is what `parseJson` gives, and so is
 * the whole document when anything in it is unusual: one meaning, two speeds.
 *
 * Items are the value of `input` and the elements of `inputs`.
 *
 * @param tensorMember the only member of an item that may be JsonNumbers; all may without it
 * @throws MillraceError INVALID_JSON
 */
export function scanDocument(body: Buffer, tensorMember?: string): unknown {
  return (body.length < SHORT_BODY ? undefined : scan(body, tensorMember)) ?? parseJson(body);
}

/** An item of a scanned document as `parseJson` gives it. */
export function plainItem(item: unknown): unknown {
  if (item instanceof JsonNumbers) return item.toArrays();
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return item;
  const members = Object.entries(item).map(([name, value]: [string, unknown]) => {
    return [name, value instanceof JsonNumbers ? value.toArrays() : value];
  });
  return Object.fromEntries(members);
}

function scan(body: Buffer, tensorMember: string | undefined): unknown {
  let end = body.length - 1;
  while (end > 0 && (body[end] as number) <= SPACE) end -= 1;
  if (body[end] !== CLOSE_BRACE || !isUtf8(body)) return undefined;
  const reader = new NumberReader(body);
  try {
    const walk = new DocumentWalk(body, reader, tensorMember);
    return walk.walk(end) ? putTogether(body, walk, reader.take()) : undefined;
  } finally {
    reader.close();
  }
}

/** The document with what was cut out; undefined where the rest is no JSON, or is ambiguous. */
function putTogether(body: Buffer, { cuts, objects }: DocumentWalk, values: Float64Array): unknown {
  let rest = '';
  let from = 0;
  for (const cut of cuts) {
    // An array for an array: what stands around them is JSON with the one if it is with the other.
    rest += `${body.toString('utf8', from, cut.from)}[]`;
    from = cut.to;
  }
  rest += body.toString('utf8', from);
  let document: unknown;
  try {
    document = JSON.parse(rest);
  } catch {
    return undefined;
  }
  // Of two members with one key the last counts, which need not be the one whose value was cut out.
  const isPlain = objects.every(({ path, members }) => Object.keys(valueAt(document, path)).length === members);
  if (!isPlain) return undefined;
  const numbersOf = ({ shape, first, last }: ReadArray) => new JsonNumbers(shape, values.subarray(first, last));
  for (const { path, numbers } of cuts) {
    const holder = valueAt(document, path.slice(0, -1));
    holder[path.at(-1) as string] = Array.isArray(numbers) ? numbers.map(numbersOf) : numbersOf(numbers as ReadArray);
  }
  return document;
}

function valueAt(document: unknown, path: Path): Record<string, unknown> {
  return path.reduce<Record<string, unknown>>(
    (value, key) => value[key] as Record<string, unknown>,
    document as Record<string, unknown>,
  );
}
