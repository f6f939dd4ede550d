import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Datatype, datatypes } from '#src/tensor/datatype.js';
import { identity } from '../support/fixture-models.js';
import { type GrpcClient, type InferAnswer, startGrpc } from '../support/grpc-client.js';
import { propertyRuns } from '../support/property-runs.js';

/** The name of the identity model of a datatype and a rank. */
const named = (datatype: string, rank: number) => `${datatype.toLowerCase()}_${rank}`;
const numeric = Object.keys(datatypes).filter((name) => name !== 'BYTES') as Datatype[];
const identities = Object.fromEntries(
  [...numeric, 'BYTES' as const].flatMap((datatype) =>
    [0, 2].map((rank) => {
      const shape = Array.from({ length: rank }, (_, axis) => `d${axis}`);
      return [`${named(datatype, rank)}.onnx`, identity(datatype, shape)];
    }),
  ),
);

async function echo(client: GrpcClient, input: { datatype: string; shape: number[] }, raw: Uint8Array) {
  const request = { model_name: named(input.datatype, input.shape.length), inputs: [{ name: 'x', ...input }] };
  const answer = await client.call<InferAnswer>('ModelInfer', { ...request, raw_input_contents: [raw] });
  const { name, datatype, shape } = answer.outputs[0] as InferAnswer['outputs'][number];
  return { name, datatype, shape: shape.map((size) => size.toNumber()), raw: answer.raw_output_contents[0] };
}

async function echoNumbers(client: GrpcClient): Promise<void> {
  const size = fc.integer({ min: 0, max: 4 });
  const shapes = fc.oneof(fc.constant<number[]>([]), fc.array(size, { minLength: 2, maxLength: 2 }));
  const tensor = fc.tuple(fc.constantFrom(...numeric), shapes).chain(([datatype, shape]) => {
    const length = shape.reduce((product, each) => product * each, 1) * (datatypes[datatype].bytes ?? 0);
    const byte = datatype === 'BOOL' ? fc.integer({ min: 0, max: 1 }) : fc.integer({ min: 0, max: 255 });
    const raw = fc.array(byte, { minLength: length, maxLength: length }).map((all) => Buffer.from(all));
    return fc.record({ datatype: fc.constant(datatype), shape: fc.constant(shape), raw });
  });
  await fc.assert(
    fc.asyncProperty(tensor, async ({ datatype, shape, raw }) => {
      assert.deepEqual(await echo(client, { datatype, shape }, raw), { name: 'y', datatype, shape, raw });
    }),
    propertyRuns(100),
  );
}

async function echoTexts(client: GrpcClient): Promise<void> {
  const text = fc.string({ unit: 'grapheme' }).filter((each) => !each.includes('\0') && each.isWellFormed());
  await fc.assert(
    fc.asyncProperty(fc.array(text, { maxLength: 4 }), async (texts) => {
      const parts = texts.map((each) => Buffer.from(each));
      const raw = Buffer.concat(parts.flatMap((part) => [Buffer.from(Uint32Array.of(part.length).buffer), part]));
      const shape = [texts.length, 1];
      const output = await echo(client, { datatype: 'BYTES', shape }, raw);
      assert.deepEqual(output, { name: 'y', datatype: 'BYTES', shape, raw });
    }),
    propertyRuns(30),
  );
}

async function echoTyped(client: GrpcClient): Promise<void> {
  const halves = (value: bigint) => ({ low: Number(BigInt.asIntN(32, value)), high: Number(value >> 32n) });
  const large = [2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n];
  const int64 = { int64_contents: large.map(halves) };
  const cases: [Datatype, object, NodeJS.ArrayBufferView][] = [
    ['INT64', int64, BigInt64Array.from(large)],
    ['BOOL', { bool_contents: [true, false, true] }, Uint8Array.of(1, 0, 1)],
    ['INT8', { int_contents: [-128, 0, 127] }, Int8Array.of(-128, 0, 127)],
    ['UINT16', { uint_contents: [0, 1, 65_535] }, Uint16Array.of(0, 1, 65_535)],
    ['FP32', { fp32_contents: [0.1, -0, 1e30] }, Float32Array.of(0.1, -0, 1e30)],
    ['FP64', { fp64_contents: [0.1, 5e-324, 1e300] }, Float64Array.of(0.1, 5e-324, 1e300)],
    [
      'BYTES',
      { bytes_contents: ['a', '', 'é'].map((text) => Buffer.from(text)) },
      Buffer.from('\x01\0\0\0a\0\0\0\0\x02\0\0\0é'),
    ],
  ];
  for (const [datatype, contents, expected] of cases) {
    const inputs = [{ name: 'x', datatype, shape: [3, 1], contents }];
    const answer = await client.call<InferAnswer>('ModelInfer', { model_name: named(datatype, 2), inputs });
    const raw = answer.raw_output_contents[0];
    assert.deepEqual(raw, Buffer.from(expected.buffer, expected.byteOffset, expected.byteLength), datatype);
  }
}

describe('tensors over gRPC', () => {
  it('come back bit by bit', async (t) => {
    const { client } = await startGrpc(t, identities);
    await t.test('of every datatype and any shape, empty and scalar ones too', () => echoNumbers(client));
    await t.test('with texts of any length', () => echoTexts(client));
    await t.test('as raw contents where they were sent as typed ones, 64-bit integers exactly', () =>
      echoTyped(client),
    );
  });
});
