import type { IncomingMessage } from 'node:http';
import { MillraceError, toMillraceError } from '../core/errors.js';
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
export async function readBody(request: IncomingMessage, maxBytes: number, budget?: BodyBudget): Promise<Buffer> {
  const chunks = await readChunks(request, maxBytes, budget);
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
}

/** The same, with the body in the chunks that it came in: nothing of it is copied. */
export function readChunks(request: IncomingMessage, maxBytes: number, budget?: BodyBudget): Promise<Buffer[]> {
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
      resolve(chunks);
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

function tooLarge(maxBytes: number, got: string, more = ''): MillraceError {
  return new MillraceError('PAYLOAD_TOO_LARGE', 'The body is larger than allowed.', {
    path: 'body',
    expected: `at most ${maxBytes} bytes${more}`,
    got,
  });
}

function left(): MillraceError {
  return new MillraceError('CLIENT_CLOSED_REQUEST', 'The client left before its request was complete.');
}
