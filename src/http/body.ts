import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { MillraceError, reasonOf, toMillraceError } from '../core/errors.js';
import { holdsMoreThan, MAX_CONTAINERS, MAX_NESTING, nestsDeeperThan } from '../core/nesting.js';
import type { BodyBudget } from './body-budget.js';

/** Chunks of a body are counted beyond this many: tiny ones cost more than the bytes in them. */
const FREE_CHUNKS = 4_096;
const MIN_MEAN_CHUNK_BYTES = 64;

/**
 * Reads a whole body, within bounds on its bytes and on the number of chunks it comes in: a million chunks of one
 * byte would take the main thread for seconds.
 *
 * @param budget what all bodies together may take while they arrive
 * @throws MillraceError PAYLOAD_TOO_LARGE, OVERLOADED, or CLIENT_CLOSED_REQUEST if the client leaves in the middle
 */
export function readBody(request: IncomingMessage, maxBytes: number, budget?: BodyBudget): Promise<Buffer> {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > maxBytes) return Promise.reject(tooLarge(maxBytes, `${declared} bytes`));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let held = 0;
    const settle = () => {
      budget?.giveBack(held);
      held = 0;
    };
    const onData = (chunk: Buffer) => {
      bytes += chunk.length;
      try {
        checkSize({ bytes, chunks: chunks.length + 1, maxBytes });
        budget?.take(chunk.length);
        held += chunk.length;
        chunks.push(chunk);
      } catch (error) {
        // What is still to come is read and thrown away: closing on a client that writes would lose it the answer.
        request.removeListener('data', onData);
        request.resume();
        chunks.length = 0;
        settle();
        reject(toMillraceError(error));
      }
    };
    request.on('data', onData);
    request.on('end', () => {
      settle();
      resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks));
    });
    // 'close' comes after every request, also after one that failed or was cut.
    request.on('close', () => {
      settle();
      if (!request.readableEnded) reject(left());
    });
  });
}

/** @throws MillraceError PAYLOAD_TOO_LARGE */
function checkSize({ bytes, chunks, maxBytes }: { bytes: number; chunks: number; maxBytes: number }): void {
  if (bytes > maxBytes) throw tooLarge(maxBytes, 'more');
  if (chunks <= FREE_CHUNKS || chunks * MIN_MEAN_CHUNK_BYTES <= bytes) return;
  const asked = `, in chunks of ${MIN_MEAN_CHUNK_BYTES} bytes or more`;
  throw tooLarge(maxBytes, `${chunks} chunks in ${bytes} bytes`, asked);
}

/**
 * Parses a JSON body; its nesting and its UTF-8 are checked on the bytes, before the parser runs.
 *
 * @throws MillraceError INVALID_JSON
 */
export function parseJson(body: Buffer): unknown {
  if (body.length === 0) throw invalidJson('The body is empty.', 'a JSON document', 'nothing');
  if (!isUtf8(body)) throw invalidJson('The body is not UTF-8.', 'valid UTF-8', 'other bytes');
  if (nestsDeeperThan(body)) throw invalidJson('The body nests too deep.', `at most ${MAX_NESTING} levels`, 'more');
  if (holdsMoreThan(body)) {
    throw invalidJson('The body holds too many arrays and objects.', `at most ${MAX_CONTAINERS}`, 'more');
  }
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch (error) {
    throw invalidJson('The body is not JSON.', 'a JSON document', reasonOf(error));
  }
}

function tooLarge(maxBytes: number, got: string, more = ''): MillraceError {
  return new MillraceError('PAYLOAD_TOO_LARGE', 'The body is larger than allowed.', {
    path: 'body',
    expected: `at most ${maxBytes} bytes${more}`,
    got,
  });
}

function invalidJson(message: string, expected: string, got: string): MillraceError {
  return new MillraceError('INVALID_JSON', message, { path: 'body', expected, got });
}

function left(): MillraceError {
  return new MillraceError('CLIENT_CLOSED_REQUEST', 'The client left before its request was complete.');
}
