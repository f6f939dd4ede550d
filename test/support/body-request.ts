import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

/** A request whose body comes in these chunks, on a connection that is open. */
export function requestOf(chunks: Iterable<Buffer>, headers: Record<string, string> = {}): IncomingMessage {
  const stream = Readable.from(chunks, { objectMode: false });
  return Object.assign(stream, { headers, socket: { destroyed: false } }) as unknown as IncomingMessage;
}
