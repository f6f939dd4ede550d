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
const BASE64 = /^[\w+/-]*={0,2}$/;

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
  return new MillraceError(code, message, { ...details, path: path + (details.path ?? ''), cause });
}

function readFileItem(
  { bytes, mediaType }: SentFile,
  kinds: readonly ValueKind[],
): Pick<PipelineItem, 'kind' | 'value'> {
  if (kinds.includes('bytes')) return { kind: 'bytes', value: bytes };
  if (kinds.includes('text')) return { kind: 'text', value: utf8(bytes) };
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
  const { base64, ...others } = sent as { base64: unknown };
  const [other] = Object.keys(others);
  if (other !== undefined)
    throw invalid('{"base64": "…"} and nothing beside it', 'another key', `.${other.slice(0, 128)}`);
  if (typeof base64 !== 'string') throw invalid('a string of base64', shown(base64), '.base64');
  return fromBase64(base64, '.base64');
}

/** Node skips what is no base64; a client that sends it has made a mistake, and gets to know. */
function fromBase64(text: string, path: string): Uint8Array {
  const content = /[\r\n]/.test(text) ? text.replaceAll(/[\r\n]/g, '') : text;
  if (!BASE64.test(content) || content.replace(/=+$/, '').length % 4 === 1) {
    throw invalid('base64 (RFC 4648)', shown(text), path);
  }
  return Buffer.from(content, 'base64');
}

function percentDecoded(content: string): Uint8Array {
  try {
    return Buffer.from(decodeURIComponent(content), 'utf8');
  } catch {
    throw invalid('a data URL with valid percent-encoding', shown(content));
  }
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw invalid('text in UTF-8', 'other bytes');
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
