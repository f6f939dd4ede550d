/*
 * The second half of `npm run bench -- codec`: requests and answers of the Open Inference Protocol with one tensor, in JSON
 * and in the binary form, beside what one writes by hand for it.
 */
import assert from 'node:assert/strict';
import { ChunkedBody } from '#src/http/v2/chunked-body.js';
import { encodeAnswer } from '#src/http/v2/infer-answer.js';
import { readInferRequest } from '#src/http/v2/infer-envelope.js';
import { type Contest, cells, meanLength, ROUNDS, race, WARM_UP_ROUNDS } from './contest.js';
import { markdownTable, whole } from './figures.js';

/** Of a tensor. */
const TENSOR_BYTES = [1_024, 16_384, 262_144, 602_112, 4_194_304] as const;
/** What Node hands over at a time. */
const CHUNK_BYTES = 65_536;
/** What stands in front of the bytes says how long they are, in as many characters for all sizes. */
const named = { model: 'm', version: undefined };

interface Sample {
  readonly data: Float32Array;
  readonly json: Buffer;
  readonly binary: { readonly chunks: readonly Buffer[]; readonly jsonBytes: number };
}

interface Head {
  inputs: { data: number[]; shape: number[] }[];
}

const contests = {
  'JSON in': {
    millrace: ({ json }) => inputOf(new ChunkedBody([json]), json.length),
    byHand: ({ json }) => Float32Array.from((JSON.parse(json.toString()) as Head).inputs[0]?.data ?? []),
  },
  'binary in': {
    millrace: ({ binary: { chunks, jsonBytes } }) => inputOf(new ChunkedBody(chunks), jsonBytes),
    byHand: ({ binary: { chunks, jsonBytes } }) => {
      const body = Buffer.concat(chunks);
      JSON.parse(body.toString('utf8', 0, jsonBytes));
      return new Float32Array(Uint8Array.from(body.subarray(jsonBytes)).buffer);
    },
  },
} as const satisfies Record<string, Contest<Sample, Float32Array>>;

const answers = {
  'JSON out': {
    millrace: ({ data }) => Buffer.from(encodeAnswer(answerWith(data), () => false).json),
    byHand: ({ data }) => Buffer.from(JSON.stringify({ ...head(data), data: Array.from(data) })),
  },
  'binary out': {
    millrace: ({ data }) => {
      const { json, blobs } = encodeAnswer(answerWith(data), () => true);
      return Buffer.concat([Buffer.from(json), ...blobs]);
    },
    byHand: ({ data }) => Buffer.concat([Buffer.from(JSON.stringify(head(data))), Buffer.from(data.buffer)]),
  },
} as const satisfies Record<string, Contest<Sample, Buffer>>;

/** Measures and prints. */
export function benchV2Codec(): void {
  const samples = TENSOR_BYTES.map((bytes) => [sampleOf(bytes / 4)]);
  for (const [sample] of samples) {
    for (const { millrace, byHand } of Object.values(contests)) {
      assert.deepStrictEqual(millrace(sample as Sample), (sample as Sample).data);
      assert.deepStrictEqual(byHand(sample as Sample), (sample as Sample).data);
    }
  }
  const all: Record<string, Contest<Sample, unknown>> = { ...contests, ...answers };
  for (const contest of Object.values(all)) for (const each of samples) race(contest, each, WARM_UP_ROUNDS);
  const rows = Object.entries(all).flatMap(([name, contest]) =>
    samples.map((each) => {
      const bytes = bytesOf(name, each);
      return [name, whole(each[0]?.data.length ?? 0), ...cells(race(contest, each, ROUNDS), bytes)];
    }),
  );
  const header = ['V2 requests', 'numbers', 'bytes', 'µs', 'MB/s', 'by hand: bytes', 'µs', 'MB/s', '×'];
  console.log(`\n## The Open Inference Protocol\n\n${markdownTable(header, rows, 1)}`);
}

function bytesOf(name: string, samples: readonly Sample[]): { millrace: number; byHand: number } {
  if (name in answers) {
    const { millrace, byHand } = answers[name as keyof typeof answers];
    return { millrace: meanLength(samples, millrace), byHand: meanLength(samples, byHand) };
  }
  const bytes = meanLength(samples, ({ json, binary }) => (name === 'JSON in' ? json : Buffer.concat(binary.chunks)));
  return { millrace: bytes, byHand: bytes };
}

function inputOf(body: ChunkedBody, jsonBytes: number): Float32Array {
  return readInferRequest(body, jsonBytes, named).request.inputs[0]?.data as Float32Array;
}

function answerWith(data: Float32Array) {
  const output = { name: 'y', datatype: 'FP32', shape: [1, data.length], data } as const;
  return { id: undefined, model: 'm', version: '1', outputs: [output] };
}

function head({ length }: Float32Array): object {
  return { model_name: 'm', name: 'y', datatype: 'FP32', shape: [1, length] };
}

function sampleOf(length: number): Sample {
  const data = Float32Array.from({ length }, () => 2 * Math.random() - 1);
  const input = { name: 'x', datatype: 'FP32', shape: [1, length] };
  const json = JSON.stringify({ inputs: [{ ...input, parameters: { binary_data_size: data.byteLength } }] });
  const whole = Buffer.concat([Buffer.from(json), Buffer.from(data.buffer)]);
  const chunks: Buffer[] = [];
  // Each in memory of its own, as they come from the socket.
  for (let at = 0; at < whole.length; at += CHUNK_BYTES)
    chunks.push(Buffer.concat([whole.subarray(at, at + CHUNK_BYTES)]));
  return {
    data,
    json: Buffer.from(JSON.stringify({ inputs: [{ ...input, data: Array.from(data) }] })),
    binary: { chunks, jsonBytes: json.length },
  };
}
