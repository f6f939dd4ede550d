import { type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ErrorCode, errorTable, MillraceError } from '../core/errors.js';
import type { IdSource } from '../core/ids.js';
import { PROBLEM_TYPE, problemOf } from './problem.js';

/** What Node calls the faults that it finds before there is a request. */
const codes: Record<string, readonly [ErrorCode, string]> = {
  HPE_HEADER_OVERFLOW: ['HEADERS_TOO_LARGE', 'The request line and headers are larger than allowed.'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ['PAYLOAD_TOO_LARGE', 'The chunk extensions are larger than allowed.'],
  ERR_HTTP_REQUEST_TIMEOUT: ['REQUEST_TIMEOUT', 'The request did not arrive in time.'],
};

/** A client that does not close its side in time is cut off, and its place given to another. */
const CLOSE_WITHIN_MS = 1_000;

/**
 * Answers what is no HTTP request with a problem too, where Node alone would send an empty 400.
 *
 * @param finish lets the answers to requests that have arrived whole be the last of a connection; false if there are none
 */
export function answerClientErrors(server: Server, ids: IdSource, finish: (socket: Duplex) => boolean): void {
  server.on('clientError', (fault: NodeJS.ErrnoException, socket: Duplex) => {
    if (fault.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    // The fault lies behind a request that is being answered: an answer now would be taken for that one's.
    if (finish(socket)) return;
    const [code, text] = codes[fault.code ?? ''] ?? (['INVALID_REQUEST', 'This is not an HTTP request.'] as const);
    const status = errorTable[code].http;
    const body = JSON.stringify(problemOf(new MillraceError(code, text), ids()));
    const head = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
      `Content-Type: ${PROBLEM_TYPE}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
    ];
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
    setTimeout(() => socket.destroy(), CLOSE_WITHIN_MS).unref();
  });
}
