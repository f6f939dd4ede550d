import type { Frame, OutgoingFrame } from './frames.js';
import { packTensors, unpackTensors } from './tensor-table.js';
import type { RunMessage, WorkerMessage, WorkerStart } from './worker-protocol.js';

/*
 * What the server and the process of an instance say to each other, as frames. The process says hello with the version
 * of its code, is started, and then answers as a worker does. What is said once is JSON; batches are tensor tables.
 */

export const kinds = { hello: 1, start: 2, loaded: 3, refused: 4, run: 5, ran: 6, failed: 7 } as const;

/** Two times and a size, before the table of the outputs. */
export const RAN_HEAD_BYTES = 24;

/** What the process says: its version, then what every worker says. */
export type ProcessMessage = { readonly kind: 'hello'; readonly version: string } | WorkerMessage;

/** What the server says. */
export type ServerMessage = ({ readonly kind: 'start' } & WorkerStart) | ({ readonly kind: 'run' } & RunMessage);

export function frameOfServer(message: ServerMessage): OutgoingFrame {
  if (message.kind === 'start') {
    const { kind: _kind, ...start } = message;
    return { kind: kinds.start, head: jsonBytes(start) };
  }
  const { table, body, bodyBytes } = packTensors(message.inputs);
  return { kind: kinds.run, head: table, body, bodyBytes };
}

/** @throws Error if it is no message of a server */
export function messageOfServer({ kind, head, body }: Frame): ServerMessage {
  if (kind === kinds.start) return { kind: 'start', ...(JSON.parse(head.toString()) as WorkerStart) };
  if (kind === kinds.run) return { kind: 'run', inputs: unpackTensors(head, body) };
  throw new Error(`a server says nothing of kind ${kind}`);
}

export function frameOfProcess(message: ProcessMessage): OutgoingFrame {
  switch (message.kind) {
    case 'hello':
      return { kind: kinds.hello, head: Buffer.from(message.version) };
    case 'loaded': {
      const { signature, provider, residentBytes } = message;
      return { kind: kinds.loaded, head: jsonBytes({ signature, provider, residentBytes }) };
    }
    case 'refused':
      return { kind: kinds.refused, head: Buffer.from(message.reason) };
    case 'ran': {
      const { table, body, bodyBytes } = packTensors(message.outputs);
      const figures = Float64Array.of(message.startedAt, message.endedAt, message.residentBytes ?? 0);
      return { kind: kinds.ran, head: Buffer.concat([new Uint8Array(figures.buffer), table]), body, bodyBytes };
    }
    case 'failed':
      return { kind: kinds.failed, head: Buffer.from([Number(message.outOfMemory), ...Buffer.from(message.reason)]) };
  }
}

function jsonBytes(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}
