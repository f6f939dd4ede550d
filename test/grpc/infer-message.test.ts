import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { MillraceError } from '#src/core/errors.js';
import { readInferMessage } from '#src/grpc/infer-message.js';
import { inferenceProtocol } from '#src/grpc/proto-files.js';
import { propertyRuns } from '../support/property-runs.js';

const type = inferenceProtocol.lookupType('inference.ModelInferRequest');

/** A 64-bit integer in the two halves in which protobufjs takes it. */
const long = (value: bigint) => ({
  low: Number(BigInt.asIntN(32, value)),
  high: Number(BigInt.asIntN(32, value >> 32n)),
});
const encode = (message: object) => type.encode(message).finish();

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const exact = (value: bigint) => (Number.isSafeInteger(Number(value)) ? Number(value) : value);

/** A parameter as a message, and as it is to be read. */
const parameter = fc.oneof(
  fc.boolean().map((value) => ({ message: { bool_param: value }, value })),
  fc.string().map((value) => ({ message: { string_param: value }, value })),
  fc.double({ noNaN: true }).map((value) => ({ message: { double_param: value }, value })),
  int64.map((value) => ({ message: { int64_param: long(value) }, value: exact(value) })),
  uint64.map((value) => ({ message: { uint64_param: long(value) }, value: exact(value) })),
);
const parameters = fc.dictionary(fc.string(), parameter, { maxKeys: 3 }).map((entries) => {
  const pick = (key: 'message' | 'value') => Object.fromEntries(Object.entries(entries).map(([k, v]) => [k, v[key]]));
  return { message: pick('message'), value: pick('value') };
});
const bytes = fc.uint8Array({ maxLength: 20 });
const shape = fc.array(fc.integer({ min: -1, max: 2 ** 40 }), { maxLength: 5 });
const input = fc.record({ name: fc.string(), datatype: fc.string(), shape, parameters });
const output = fc.record({ name: fc.string(), parameters });

describe('readInferMessage', () => {
  it('reads what protobufjs writes', () => {
    const request = fc.record({
      texts: fc.tuple(fc.string(), fc.string(), fc.string()),
      parameters,
      inputs: fc.array(input, { maxLength: 3 }),
      outputs: fc.array(output, { maxLength: 3 }),
      raw: fc.array(bytes, { maxLength: 3 }),
    });
    fc.assert(
      fc.property(request, ({ texts: [model_name, model_version, id], parameters: all, inputs, outputs, raw }) => {
        const read = readInferMessage(
          encode({
            model_name,
            model_version,
            id,
            parameters: all.message,
            raw_input_contents: raw,
            inputs: inputs.map((each) => ({ ...each, parameters: each.parameters.message })),
            outputs: outputs.map((each) => ({ ...each, parameters: each.parameters.message })),
          }),
        );
        assert.deepEqual(
          { ...read, rawContents: read.rawContents.map((each) => new Uint8Array(each)) },
          {
            modelName: model_name,
            modelVersion: model_version,
            id,
            parameters: all.value,
            rawContents: raw,
            inputs: inputs.map((each) => ({ ...each, parameters: each.parameters.value, contents: undefined })),
            outputs: outputs.map((each) => ({ ...each, parameters: each.parameters.value })),
          },
        );
      }),
      propertyRuns(300),
    );
  });

  it('reads contents into the bytes that they are in memory', () => {
    const int32s = fc.array(fc.integer(), { minLength: 1, maxLength: 9 });
    const typed = {
      bool_contents: fc
        .array(fc.boolean(), { minLength: 1 })
        .map((all) => ({ all, memory: Uint8Array.from(all, Number) })),
      int_contents: int32s.map((all) => ({ all, memory: Int32Array.from(all) })),
      int64_contents: fc
        .array(int64, { minLength: 1 })
        .map((all) => ({ all: all.map(long), memory: BigInt64Array.from(all) })),
      uint_contents: int32s.map((all) => ({ all: all.map((each) => each >>> 0), memory: Uint32Array.from(all) })),
      uint64_contents: fc
        .array(uint64, { minLength: 1 })
        .map((all) => ({ all: all.map(long), memory: BigUint64Array.from(all) })),
      fp32_contents: fc.array(fc.float(), { minLength: 1 }).map((all) => ({ all, memory: Float32Array.from(all) })),
      fp64_contents: fc.array(fc.double(), { minLength: 1 }).map((all) => ({ all, memory: Float64Array.from(all) })),
      bytes_contents: fc.array(bytes, { minLength: 1 }).map((all) => {
        const parts = all.flatMap((each) => [new Uint8Array(Uint32Array.of(each.length).buffer), each]);
        return { all, memory: new Uint8Array(Buffer.concat(parts)) };
      }),
    };
    for (const [field, contents] of Object.entries(typed)) {
      fc.assert(
        fc.property(contents as fc.Arbitrary<{ all: unknown[]; memory: ArrayBufferView }>, ({ all, memory }) => {
          const { inputs } = readInferMessage(encode({ inputs: [{ contents: { [field]: all } }] }));
          const [found, ...others] = inputs[0]?.contents ?? [];
          assert.deepEqual([found?.field, found?.count, others.length], [field, all.length, 0]);
          const expected = Buffer.from(memory.buffer, memory.byteOffset, memory.byteLength);
          assert.deepEqual(Buffer.from(found?.bytes ?? []), expected);
        }),
        propertyRuns(50),
      );
    }
  });

  it('takes numbers that do not stand side by side, which older clients send', () => {
    const contents = protobuf.Writer.create();
    for (const value of [5, -6]) contents.uint32((2 << 3) | 0).int32(value);
    for (const value of [1.5, -2.5]) contents.uint32((6 << 3) | 5).float(value);
    const shapes = protobuf.Writer.create();
    for (const size of [7, 8]) shapes.uint32((3 << 3) | 0).int64(size);
    shapes.uint32((5 << 3) | 2).bytes(contents.finish());
    const message = protobuf.Writer.create()
      .uint32((5 << 3) | 2)
      .bytes(shapes.finish())
      .finish();
    const [read] = readInferMessage(message).inputs;
    assert.deepEqual(read?.shape, [7, 8]);
    const memory = read?.contents?.map((each) => [each.field, each.count, each.bytes.toString('hex')]);
    assert.deepEqual(memory, [
      ['int_contents', 2, '05000000faffffff'],
      ['fp32_contents', 2, '0000c03f000020c0'],
    ]);
  });

  it('keeps raw contents as views on the message', () => {
    const message = encode({ raw_input_contents: [Uint8Array.of(1, 2, 3)] });
    const [raw] = readInferMessage(message).rawContents;
    assert.equal(raw?.buffer, message.buffer);
  });

  it('throws at bytes that are no message, and never hangs', () => {
    const whole = encode({
      model_name: 'm',
      inputs: [{ name: 'x', shape: [1, 2], contents: { int64_contents: [1, 2] } }],
    });
    let refused = 0;
    for (let length = 1; length < whole.length; length += 1) {
      try {
        readInferMessage(whole.subarray(0, length));
      } catch {
        refused += 1;
      }
    }
    assert.ok(refused >= whole.length - 8, `${refused} of ${whole.length}`);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (noise) => {
        try {
          readInferMessage(noise);
        } catch (error) {
          assert.ok(error instanceof Error);
        }
      }),
      propertyRuns(500),
    );
  });

  it('takes no more entries than a request can need', () => {
    const inputs = Array.from({ length: 4_097 }, () => ({}));
    assert.throws(
      () => readInferMessage(encode({ inputs })),
      (error) => error instanceof MillraceError && error.code === 'INVALID_REQUEST' && error.details.path === 'inputs',
    );
  });
});
