import { MillraceError } from '../core/errors.js';
import { shown } from '../core/zod-issues.js';
import { SentFile } from './sent-file.js';
import type { Value } from './step.js';
import { readStrokes } from './steps/read-strokes.js';
import type { ValueKind } from './value-type.js';

/** One item on its way into a pipeline, known by kind. */
export interface PipelineItem {
  readonly rows: 1;
  /** What it takes in memory, about; it counts against the queue's room. */
  readonly bytes: number;
  readonly kind: ValueKind;
  readonly value: Value;
  /** How errors call the item, such as `input` or `inputs[3]`. */
  readonly path: string;
}

const DATA_URL = /^data:[^,]{0,256}?(?:;base64)?,/i;
/** With line breaks, as many tools make it. */
const BASE64 = /^[\w+/\r\n-]*={0,2}[\r\n]*$/;

/**
 * Finds out of which of the kinds that a pipeline takes an item is, and reads it: bytes come as a file,
 * `{"base64": "…"}` or a data URL, text as a string or a file of UTF-8, everything else as JSON.
 *
 * @param sent a JSON value or a SentFile
 * @throws MillraceError INVALID_INPUT or UNSUPPORTED_MEDIA_TYPE that names the place, what is taken and what came
 */
export function readItem(
  sent: unknown,
  path: string,
  kinds: readonly ValueKind[],
): Pick<PipelineItem, 'kind' | 'value'> {
  try {
    return sent instanceof SentFile ? readFileItem(sent, kinds) : readJsonItem(sent, kinds);
  } catch (error) {
    throw at(path, error);
  }
}

/** An error whose path begins at the item, with the path of the item before it. */
export function at(path: string, error: unknown): unknown {
  if (!(error instanceof MillraceError)) return error;
  const { code, message, details, cause } = error;
  const { path: below = '' } = details;
  const dot = below === '' || /^[.[]/.test(below) ? '' : '.';
  return new MillraceError(code, message, { ...details, path: path + dot + below, cause });
}

function readFileItem(file: SentFile, kinds: readonly ValueKind[]): Pick<PipelineItem, 'kind' | 'value'> {
  const { bytes, mediaType } = file;
  if (kinds.includes('bytes')) return { kind: 'bytes', value: bytes };
  if (kinds.includes('text')) return { kind: 'text', value: textOf(file) };
  throw new MillraceError('UNSUPPORTED_MEDIA_TYPE', 'The model takes no files.', {
    expected: expectedText(kinds),
    got: mediaType ?? 'a file',
  });
}

function readJsonItem(sent: unknown, kinds: readonly ValueKind[]): Pick<PipelineItem, 'kind' | 'value'> {
  if (kinds.includes('bytes')) {
    const bytes = bytesOf(sent);
    if (bytes !== undefined) return { kind: 'bytes', value: bytes };
  }
  if (kinds.includes('text') && typeof sent === 'string') {
    if (!sent.isWellFormed()) throw invalid('valid Unicode', 'a string with half a surrogate pair');
    return { kind: 'text', value: sent };
  }
  if (typeof sent === 'object' && sent !== null) {
    const isRecord = kinds.includes('record') && !(Array.isArray(sent) && kinds.includes('strokes'));
    if (isRecord) return { kind: 'record', value: sent };
    if (kinds.includes('strokes')) return { kind: 'strokes', value: readStrokes(sent) };
  }
  if (kinds.includes('json')) return { kind: 'json', value: sent as Value };
  throw invalid(expectedText(kinds), shown(sent));
}

/** The bytes of a data URL or a `{"base64": …}`; undefined for what is neither. */
function bytesOf(sent: unknown): Uint8Array | undefined {
  if (typeof sent === 'string') {
    const [prefix] = DATA_URL.exec(sent) ?? [];
    if (prefix === undefined) return undefined;
    const content = sent.slice(prefix.length);
    if (/;base64,$/i.test(prefix)) return fromBase64(content, '');
    return percentDecoded(content);
  }
  if (typeof sent !== 'object' || sent === null || !Object.hasOwn(sent, 'base64')) return undefined;
  // Without a list of all keys: there may be a million.
  for (const key in sent) {
    if (key === 'base64') continue;
    throw invalid('{"base64": "…"} and nothing beside it', 'another key', `.${key.slice(0, 128)}`);
  }
  const { base64 } = sent as { base64: unknown };
  if (typeof base64 !== 'string') throw invalid('a string of base64', shown(base64), '.base64');
  return fromBase64(base64, '.base64');
}

/** Node skips what is no base64; a client that sends it has made a mistake, and gets to know. */
function fromBase64(text: string, path: string): Uint8Array {
  const bytes = BASE64.test(text) ? Buffer.from(text, 'base64') : undefined;
  // A last digit by itself says nothing; Node leaves it out.
  if (bytes === undefined || base64Digits(text) % 4 === 1) throw invalid('base64 (RFC 4648)', shown(text), path);
  return bytes;
}

/** The characters that are not line breaks or padding. */
function base64Digits(text: string): number {
  let others = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x0a || code === 0x0d || code === 0x3d) others += 1;
  }
  return text.length - others;
}

function percentDecoded(content: string): Uint8Array {
  try {
    return Buffer.from(decodeURIComponent(content), 'utf8');
  } catch {
    throw invalid('a data URL with valid percent-encoding', shown(content));
  }
}

function textOf({ bytes, mediaType, charset = 'utf-8' }: SentFile): string {
  const text = decoded(bytes, charset);
  // What curl says of a body when nobody says anything; a request in JSON is meant, and would pass for a text.
  if (mediaType === 'application/x-www-form-urlencoded' && /^\s*\{\s*"(?:input|inputs|model|id)"\s*:/.test(text)) {
    throw new MillraceError('UNSUPPORTED_MEDIA_TYPE', 'The body looks like a JSON request, and does not say so.', {
      expected: 'content-type: application/json for a request, text/plain for a text',
      got: mediaType,
    });
  }
  return text;
}

function decoded(bytes: Uint8Array, charset: string): string {
  try {
    return new TextDecoder(charset, { fatal: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof RangeError)) throw invalid(`text in ${charset.slice(0, 100)}`, 'other bytes');
    const details = { expected: 'a charset of the Encoding Standard, such as utf-8', got: charset.slice(0, 100) };
    throw new MillraceError('UNSUPPORTED_MEDIA_TYPE', 'The charset of the text is not known.', details);
  }
}

const spellings: Readonly<Partial<Record<ValueKind, string>>> = {
  bytes: 'a file: as the body, {"base64": "…"} or a data URL',
  text: 'a text: a string',
  record: 'a record: an object, or an array in the order of its columns',
  strokes: 'strokes: [[[x, y], …], …]',
};

function expectedText(kinds: readonly ValueKind[]): string {
  return kinds.map((kind) => spellings[kind] ?? kind).join('; or ');
}

function invalid(expected: string, got: string, path = ''): MillraceError {
  return new MillraceError('INVALID_INPUT', 'The item is not of a kind that the model takes.', { path, expected, got });
}
