/*
 * `npm run bench -- codec`: numbers from a body to a tensor and from a tensor to an answer's text, beside what one
 * writes by hand: JSON.parse and Float32Array.from, Array.from and JSON.stringify. One thread, no server.
 */
import assert from 'node:assert/strict';
import { scanDocument } from '#src/http/document-scanner.js';
import { ItemDecoder } from '#src/http/item-decoder.js';
import { encodeItem } from '#src/http/item-encoder.js';
import { benchV2Codec } from './codec-v2.js';
import { type Contest, cells, meanLength, ROUNDS, race, WARM_UP_ROUNDS } from './contest.js';
import { markdownTable, whole } from './report.js';

/** Of a body, about. */
const BODY_BYTES = [16, 64, 256, 512, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304] as const;

/** Different samples of one size take turns: the processor must not learn one by heart. */
const MAX_SAMPLES = 16;
const MAX_BYTES_OF_SAMPLES = 1_048_576;

/** What the numbers in a body look like. */
const kinds: Readonly<Record<string, () => number>> = {
  // Without -0, which JSON.stringify does not tell from 0.
  '4 decimals': () => Math.round((2 * Math.random() - 1) * 1e4) / 1e4 + 0,
  // A float32 as most programs print it, by the digits of a double.
  '17 digits': () => Math.fround(2 * Math.random() - 1),
};

interface Sample {
  readonly body: Buffer;
  readonly data: Float32Array;
}

const free = (symbol: string) => ({ symbol });
const decoder = new ItemDecoder(
  { inputs: [{ name: 'x', datatype: 'FP32', shape: [free('N'), free('length')] }], outputs: [] },
  { inputs: { x: 0 }, outputs: {} },
);

const reading: Contest<Sample, Float32Array> = {
  millrace: ({ body }) => {
    const { input } = scanDocument(body) as { input: unknown };
    return decoder.decode(input, 'input').inputs['x']?.data as Float32Array;
  },
  byHand: ({ body }) => Float32Array.from((JSON.parse(body.toString()) as { input: number[] }).input),
};

const writing: Contest<Sample, string> = {
  millrace: ({ data }) => {
    return encodeItem({ y: { datatype: 'FP32', shape: [1, data.length], data } }, { inputs: {}, outputs: { y: 0 } });
  },
  byHand: ({ data }) => JSON.stringify({ y: Array.from(data) }),
};

/** Measures and prints; takes about half a minute. */
export function benchCodec(): void {
  const cases = Object.entries(kinds).flatMap(([kind, number]) =>
    BODY_BYTES.map((bytes) => ({ kind, samples: samplesOf(bytes, number) })),
  );
  for (const { samples } of cases) for (const sample of samples) verify(sample);
  for (const { samples } of cases) for (const contest of [reading, writing]) race(contest, samples, WARM_UP_ROUNDS);
  const rows = cases.map(({ kind, samples }) => {
    const head = [kind, whole(samples[0]?.data.length ?? 0)];
    const bodies = meanLength(samples, ({ body }) => body);
    const answers = { millrace: meanLength(samples, writing.millrace), byHand: meanLength(samples, writing.byHand) };
    return {
      read: [...head, ...cells(race(reading, samples, ROUNDS), { millrace: bodies, byHand: bodies })],
      written: [...head, ...cells(race(writing, samples, ROUNDS), answers)],
    };
  });
  const header = ['numbers of', 'numbers', 'bytes', 'µs', 'MB/s', 'by hand: bytes', 'µs', 'MB/s', '×'];
  console.log(`The best of ${ROUNDS} rounds; × is how many times as long it takes by hand.\n`);
  console.log(
    `## In: from a body to a Float32Array\n\n${markdownTable(
      header,
      rows.map(({ read }) => read),
      1,
    )}\n`,
  );
  console.log(
    `## Out: from a Float32Array to JSON\n\n${markdownTable(
      header,
      rows.map(({ written }) => written),
      1,
    )}`,
  );
  benchV2Codec();
}

function samplesOf(bytes: number, number: () => number): Sample[] {
  const frame = '{"input":[]}'.length;
  const width = JSON.stringify(Array.from({ length: 1_000 }, number)).length / 1_000;
  const length = Math.max(1, Math.round((bytes - frame) / width));
  const count = Math.min(MAX_SAMPLES, Math.ceil(MAX_BYTES_OF_SAMPLES / bytes));
  return Array.from({ length: count }, () => {
    const input = Array.from({ length }, number);
    return { body: Buffer.from(JSON.stringify({ input })), data: Float32Array.from(input) };
  });
}

/** @throws AssertionError if not all ways give the same floats */
function verify(sample: Sample): void {
  for (const read of [reading.millrace, reading.byHand]) assert.deepStrictEqual(read(sample), sample.data);
  for (const write of [writing.millrace, writing.byHand]) {
    assert.deepStrictEqual(Float32Array.from((JSON.parse(write(sample)) as { y: number[] }).y), sample.data);
  }
}
