import { Dicer } from '@fastify/busboy';
import { MillraceError } from '../core/errors.js';
import { type HeaderValue, readHeaderValue, readMediaType } from './header-value.js';

/** One part of a form. */
export interface FormPart {
  readonly name: string;
  /** How errors call it: its name, and which one of that name it is. */
  readonly path: string;
  /** Whether it was sent as a file: with a filename, which may be empty. */
  readonly isFile: boolean;
  readonly type: HeaderValue | undefined;
  readonly bytes: Buffer;
}

const MAX_BOUNDARY = 70;
/** Bytes of a form that are parsed in one go. */
const FEED_BYTES = 256 * 1024;
const MAX_HEADERS = 16;
const MAX_HEADER_BYTES = 8_192;
/** The parser cuts headers off without a word: it gets twice as much room, so that one that was cut is too large. */
const parserLimits = { maxHeaderPairs: MAX_HEADERS + 1, maxHeaderSize: 2 * MAX_HEADER_BYTES };

/**
 * The boundary that a media type says.
 *
 * @throws MillraceError INVALID_REQUEST if it says none that RFC 2046 allows
 */
export function boundaryOf({ parameters }: HeaderValue): string {
  const boundary = parameters.get('boundary') ?? '';
  if (/^[\x20-\x7e]*[\x21-\x7e]$/.test(boundary) && boundary.length <= MAX_BOUNDARY) return boundary;
  throw new MillraceError('INVALID_REQUEST', 'The form has no boundary; leave the content-type to the HTTP client.', {
    path: 'headers.content-type',
    expected: `boundary=, and 1 to ${MAX_BOUNDARY} characters`,
    got: boundary === '' ? 'none' : `boundary=${boundary}`.slice(0, 100),
  });
}

/** How many parts a form has, found by native searches and before any parser runs: each part costs one a stream. */
export function countParts(body: Buffer, boundary: string): number {
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  let count = body.subarray(0, delimiter.length - 2).equals(delimiter.subarray(2)) ? 1 : 0;
  for (let at = body.indexOf(delimiter); at !== -1; at = body.indexOf(delimiter, at + delimiter.length)) count += 1;
  // The last delimiter ends the last part.
  return Math.max(count - 1, 0);
}

/**
 * Takes a form apart (multipart/form-data, RFC 7578).
 *
 * @throws MillraceError INVALID_REQUEST if the form is cut off, or a part has no name or headers that do not make
 * sense; PAYLOAD_TOO_LARGE if a part's headers are larger than any form needs
 */
export async function readParts(body: Buffer, boundary: string): Promise<FormPart[]> {
  const parts = await split(body, boundary);
  const counts = new Map<string, number>();
  return parts.map(({ headers, chunks }, index) => {
    const unnamed = `part[${index}]`;
    checkHeaders(headers, unnamed);
    const { parameters } = dispositionOf(headers, unnamed);
    const name = parameters.get('name') as string;
    const nth = counts.get(name) ?? 0;
    counts.set(name, nth + 1);
    const path = `${name.slice(0, 64)}[${nth}]`;
    return {
      name,
      path,
      isFile: parameters.has('filename') || parameters.has('filename*'),
      type: typeOf(headers, path),
      // A copy: a view into the body would keep all of it for the smallest part.
      bytes: Buffer.concat(chunks),
    };
  });
}

/** By name in lower case, each as often as it came; bytes as Latin-1. Without a prototype. */
type PartHeaders = Readonly<Record<string, readonly string[]>>;

interface RawPart {
  headers: PartHeaders;
  readonly chunks: Buffer[];
}

/** Everything that the parser may tell is listened to: an error event without a listener would end the process. */
function split(body: Buffer, boundary: string): Promise<RawPart[]> {
  return new Promise((resolve, reject) => {
    const parts: RawPart[] = [];
    const parser = new Dicer({ boundary, ...parserLimits });
    parser.on('part', (stream) => {
      const part: RawPart = { headers: {}, chunks: [] };
      parts.push(part);
      stream.on('header', (headers) => {
        part.headers = headers as PartHeaders;
      });
      stream.on('data', (chunk: Buffer) => part.chunks.push(chunk));
      // That the form breaks off in this part is told by the parser too.
      stream.on('error', () => undefined);
    });
    parser.on('error', () => {
      const text = 'The form is cut off, or its content-type says another boundary than its parts.';
      reject(
        invalid(text, { path: 'body', expected: `--${boundary}-- at the end`, got: `${body.length} bytes without it` }),
      );
    });
    parser.on('finish', () => resolve(parts));
    feed(parser, body);
  });
}

/** In pieces, with the event loop in between: the parser takes its time over some bodies. */
function feed(parser: Dicer, body: Buffer, from = 0): void {
  const to = from + FEED_BYTES;
  if (to >= body.length) parser.end(body.subarray(from));
  else {
    parser.write(body.subarray(from, to));
    setImmediate(() => feed(parser, body, to));
  }
}

function checkHeaders(headers: PartHeaders, path: string): void {
  const all = Object.entries(headers).flatMap(([name, values]) => values.map((value) => name.length + value.length));
  const bytes = all.reduce((sum, length) => sum + length, 0);
  if (all.length > MAX_HEADERS || bytes > MAX_HEADER_BYTES) {
    throw new MillraceError('PAYLOAD_TOO_LARGE', 'The headers of a part are larger than allowed.', {
      path,
      expected: `at most ${MAX_HEADERS} headers and ${MAX_HEADER_BYTES} bytes`,
      got: 'more',
    });
  }
  const [encoding = 'binary'] = headers['content-transfer-encoding'] ?? [];
  if (/^\s*(?:7bit|8bit|binary)\s*$/i.test(encoding)) return;
  const details = { path, expected: 'binary', got: encoding.slice(0, 100) };
  throw invalid('The content-transfer-encoding of a part must be binary (RFC 7578).', details);
}

/** @throws MillraceError INVALID_REQUEST unless the part says that it belongs to a form, and its name there */
function dispositionOf(headers: PartHeaders, path: string): HeaderValue {
  const said = headers['content-disposition'] ?? [];
  const disposition = said.length === 1 ? readHeaderValue(fromLatin1(said[0] as string)) : undefined;
  const hasName = (disposition?.parameters.get('name') ?? '') !== '';
  if (disposition?.value === 'form-data' && hasName) return disposition;
  throw invalid('A part of the form has no name.', {
    path,
    expected: 'one header like Content-Disposition: form-data; name="file"',
    got: said.map(fromLatin1).join(', ').slice(0, 100) || 'none',
  });
}

function typeOf(headers: PartHeaders, path: string): HeaderValue | undefined {
  const said = headers['content-type'] ?? [];
  if (said.length === 0) return undefined;
  const type = said.length === 1 ? readMediaType(said[0] as string) : undefined;
  if (type !== undefined) return type;
  const got = said.map(fromLatin1).join(', ').slice(0, 100);
  throw invalid('The content-type of a part is not one.', { path, expected: 'one media type', got });
}

/** The parser reads headers byte by byte; what forms put into them is UTF-8. */
function fromLatin1(text: string): string {
  return Buffer.from(text, 'latin1').toString('utf8');
}

function invalid(message: string, details: { path: string; expected: string; got: string }): MillraceError {
  return new MillraceError('INVALID_REQUEST', message, details);
}
