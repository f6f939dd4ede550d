import { type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ErrorCode, errorTable, MillraceError } from '../core/errors.js';
import type { IdSource } from '../core/ids.js';
import { CLOSED_POLICY } from './answer-headers.js';
import { PROBLEM_TYPE, problemOf } from './problem.js';

/** What Node calls the faults that it finds before there is a request. */
const codes: Record<string, readonly [ErrorCode, string]> = {
  HPE_HEADER_OVERFLOW: ['HEADERS_TOO_LARGE', 'The request line and headers are larger than allowed.'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ['PAYLOAD_TOO_LARGE', 'The chunk extensions are larger than allowed.'],
  ERR_HTTP_REQUEST_TIMEOUT: ['REQUEST_TIMEOUT', 'The request did not arrive in time.'],
};

/** What Node's HTTP parser finds, and its timers. The faults of TLS come here as well: there is nobody to answer yet. */
const OF_HTTP = /^(?:HPE|ERR_HTTP)_/;

/** A client that does not close its side in time is cut off, and its place given to another. */
const CLOSE_WITHIN_MS = 1_000;

export interface ClientErrorOptions {
  readonly ids: IdSource;
  /** What every answer carries: names and values in turn. */
  readonly headers: readonly string[];
  /** Lets the answers to requests that have arrived whole be the last of a connection; false if there are none. */
  finish(socket: Duplex): boolean;
}

/** Answers what is no HTTP request with a problem too, where Node alone would send an empty 400. */
export function answerClientErrors(server: Server, { ids, headers, finish }: ClientErrorOptions): void {
  server.on('clientError', (fault: NodeJS.ErrnoException, socket: Duplex) => {
    if (!OF_HTTP.test(fault.code ?? '') || !socket.writable) {
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
      `Content-Security-Policy: ${CLOSED_POLICY}`,
      ...headers.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${headers[at + 1]}`] : [])),
      'Connection: close',
    ];
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
    setTimeout(() => socket.destroy(), CLOSE_WITHIN_MS).unref();
  });
}
