import { z } from 'zod';
import { type Datatype, datatypes } from '../tensor/datatype.js';
import type { Frame } from './frames.js';
import { kinds, type ProcessMessage, RAN_HEAD_BYTES } from './process-protocol.js';
import { unpackTensors } from './tensor-table.js';

/* The server's reading of what the process of an instance says. It is checked: a model may have got hold of its process. */

const tensorSpecs = z.array(
  z.object({
    name: z.string(),
    datatype: z.enum(Object.keys(datatypes) as [Datatype]),
    shape: z.array(z.union([z.number(), z.object({ symbol: z.string().nullable() })])),
  }),
);
const loadedSchema = z.object({
  signature: z.object({ inputs: tensorSpecs, outputs: tensorSpecs }),
  provider: z.string(),
  residentBytes: z.number(),
});

/** @throws Error if it is no message of the process of an instance; the process may have been taken over by its model */
export function messageOfProcess({ kind, head, body }: Frame): ProcessMessage {
  switch (kind) {
    case kinds.hello:
      return { kind: 'hello', version: head.toString() };
    case kinds.loaded:
      return { kind: 'loaded', ...loadedSchema.parse(JSON.parse(head.toString())) };
    case kinds.refused:
      return { kind: 'refused', reason: head.toString() };
    case kinds.ran: {
      const [startedAt, endedAt, residentBytes] = [0, 8, 16].map((at) => head.readDoubleLE(at)) as [
        number,
        number,
        number,
      ];
      const outputs = unpackTensors(head.subarray(RAN_HEAD_BYTES), body);
      return { kind: 'ran', outputs, startedAt, endedAt, residentBytes };
    }
    case kinds.failed:
      return { kind: 'failed', outOfMemory: head.readUInt8(0) === 1, reason: head.toString('utf8', 1) };
    default:
      throw new Error(`the process of an instance says nothing of kind ${kind}`);
  }
}
