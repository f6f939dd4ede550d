import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import { MillraceError, toMillraceError } from '../core/errors.js';
import { parseJson } from '../core/json-document.js';
import { holdsMoreThan, MAX_CONTAINERS } from '../core/nesting.js';
import { SentFile } from '../pipelines/sent-file.js';
import { isJsonType, isUtf8Type } from './header-value.js';
import { countParts, type FormPart, readParts } from './multipart.js';
import { checkItemCount, type PredictRequest } from './predict-envelope.js';
import { type Controls, controlsSchema, readControls, withControls } from './request-controls.js';

/** A form: parts that say what the other fields of a JSON envelope say; all others are items. */
export const predictFormSchema = z
  .object({ model: z.string().optional(), version: z.string().optional(), ...controlsSchema.shape })
  .catchall(
    z
      .unknown()
      .describe('An item, whatever its name: a file, a text, or JSON whose part has the content-type application/json'),
  );

const FIELDS: readonly string[] = Object.keys(predictFormSchema.shape);
const MAX_FIELD_BYTES = 4_096;

/** Names that mean a list, also of one. */
const LIST_NAME = /^(?:inputs|files)$|\[\]$/;

/**
 * Reads a form: each part is an item, in their order, unless its name is that of a field of the envelope.
 *
 * @param body the whole form, inflated
 * @throws MillraceError INVALID_REQUEST, INVALID_JSON, PAYLOAD_TOO_LARGE or UNSUPPORTED_MEDIA_TYPE, which name the part;
 * TOO_MANY_ROWS
 */
export async function readForm(
  body: Buffer,
  { boundary, maxRows, query }: { boundary: string; maxRows: number; query: Controls },
): Promise<PredictRequest> {
  checkItemCount(countParts(body, boundary) - FIELDS.length, { maxRows, path: 'body' });
  const parts = await readParts(body, boundary);
  const fields = fieldsOf(parts.filter(({ name }) => FIELDS.includes(name)));
  const sent = parts.filter(({ name }) => !FIELDS.includes(name));
  const [first] = sent;
  if (first === undefined) {
    const details = {
      path: 'body',
      expected: 'a part called input or file',
      got: `${parts.length} parts, none an item`,
    };
    throw new MillraceError('INVALID_REQUEST', 'The form has no item.', details);
  }
  checkItemCount(sent.length, { maxRows, path: 'body' });
  const { model, version, ...said } = fields;
  const { id, timeoutMs, priority = 0 } = readControls(said);
  const isList = sent.length > 1 || LIST_NAME.test(first.name);
  return withControls({ model, version, id, items: itemsOf(sent), isList, timeoutMs, priority }, query);
}

interface Fields {
  model?: string;
  version?: string;
  [control: string]: unknown;
}

function fieldsOf(parts: readonly FormPart[]): Fields {
  const fields = new Map<string, unknown>();
  for (const part of parts) {
    const { name, isFile, bytes } = part;
    if (isFile) throw invalid(`The field ${name} is no file.`, { path: name, expected: 'no filename', got: 'one' });
    if (fields.has(name)) throw invalid(`The field ${name} came twice.`, { path: name, expected: 'one', got: 'more' });
    if (bytes.length > MAX_FIELD_BYTES) {
      const details = { path: name, expected: `at most ${MAX_FIELD_BYTES} bytes`, got: `${bytes.length}` };
      throw new MillraceError('PAYLOAD_TOO_LARGE', 'A field of the form is larger than allowed.', details);
    }
    const named = { ...part, path: name };
    fields.set(name, name === 'parameters' ? jsonOf(named) : textOf(named));
  }
  return Object.fromEntries(fields);
}

function itemsOf(parts: readonly FormPart[]): unknown[] {
  const isJson = ({ isFile, type }: FormPart) => !isFile && type !== undefined && isJsonType(type);
  // Each is checked again by itself; that many small ones are not more than one large one is checked here. One that is
  // broken, and would hide what stands behind it, is met before what it hides is parsed.
  if (holdsMoreThan(Buffer.concat(parts.filter(isJson).map(({ bytes }) => bytes)))) {
    const details = { path: 'body', expected: `at most ${MAX_CONTAINERS}`, got: 'more' };
    throw new MillraceError('INVALID_JSON', 'The form holds too many arrays and objects.', details);
  }
  return parts.map((part) => {
    if (isJson(part)) return jsonOf(part);
    const kind = part.type?.value;
    const isText = !part.isFile && (kind === undefined || kind.startsWith('text/'));
    return isText ? textOf(part) : new SentFile(part.bytes, kind);
  });
}

function textOf({ bytes, type, path }: FormPart): string {
  checkCharset({ type, path });
  if (isUtf8(bytes)) return bytes.toString('utf8');
  const details = { path, expected: 'valid UTF-8; or a filename, which makes a file of it', got: 'other bytes' };
  throw invalid('A part that is a text is not UTF-8.', details);
}

function jsonOf({ bytes, type, path }: FormPart): unknown {
  checkCharset({ type, path });
  try {
    return parseJson(bytes);
  } catch (error) {
    const { code, message, details } = toMillraceError(error);
    throw new MillraceError(code, message, { ...details, path });
  }
}

function checkCharset({ type, path }: Pick<FormPart, 'type' | 'path'>): void {
  if (type === undefined || isUtf8Type(type)) return;
  const got = `charset=${type.parameters.get('charset')}`.slice(0, 100);
  throw new MillraceError('UNSUPPORTED_MEDIA_TYPE', 'A part of the form is text in another charset than UTF-8.', {
    path,
    expected: 'charset=utf-8',
    got,
  });
}

function invalid(message: string, details: { path: string; expected: string; got: string }): MillraceError {
  return new MillraceError('INVALID_REQUEST', message, details);
}
