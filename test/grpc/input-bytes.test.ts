import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MillraceError } from '#src/core/errors.js';
import { readInferMessage } from '#src/grpc/infer-message.js';
import { inputBytes } from '#src/grpc/input-bytes.js';
import { inferenceProtocol } from '#src/grpc/proto-files.js';

const type = inferenceProtocol.lookupType('inference.ModelInferRequest');
const read = (request: object) => {
  return inputBytes(readInferMessage(type.encode({ model_name: 'm', ...request }).finish()));
};
const hex = (all: readonly Uint8Array[]) => all.map((each) => Buffer.from(each).toString('hex'));
const messageOf = (request: object) => {
  try {
    read(request);
  } catch (error) {
    return (error as MillraceError).message;
  }
  return undefined;
};

describe('inputBytes', () => {
  it('gives raw contents to the inputs in their order', () => {
    const raw = [Uint8Array.of(1), Uint8Array.of(2, 3)];
    assert.deepEqual(hex(read({ inputs: [{ name: 'a' }, { name: 'b' }], raw_input_contents: raw })), ['01', '0203']);
  });

  it('makes small integers of those of four bytes', () => {
    const input = (datatype: string, contents: object) => ({ name: 'x', datatype, shape: [2], contents });
    const inputs = [
      input('INT8', { int_contents: [-128, 127] }),
      input('INT16', { int_contents: [-32_768, 32_767] }),
      input('UINT8', { uint_contents: [0, 255] }),
      input('UINT16', { uint_contents: [1, 65_535] }),
      input('INT32', { int_contents: [-1, 1] }),
    ];
    assert.deepEqual(hex(read({ inputs })), ['807f', '0080ff7f', '00ff', '0100ffff', 'ffffffff01000000']);
  });

  it('needs no contents for a tensor without elements', () => {
    assert.deepEqual(hex(read({ inputs: [{ name: 'x', datatype: 'FP32', shape: [0, 4] }] })), ['']);
  });

  const at = "'x' for model 'm'";
  const refused: Record<string, [request: object, message: string]> = {
    'data in both places': [
      { inputs: [{ name: 'x', contents: { fp32_contents: [1] } }], raw_input_contents: [Uint8Array.of(1)] },
      `contents field must not be specified when using raw_input_contents for ${at}`,
    ],
    'no data': [
      { inputs: [{ name: 'x', datatype: 'FP32', shape: [1] }] },
      `unable to find data for input tensor ${at} in request.`,
    ],
    'fewer raw contents than inputs': [
      { inputs: [{ name: 'a' }, { name: 'x' }], raw_input_contents: [Uint8Array.of(1)] },
      `unable to find data for input tensor ${at} in request.`,
    ],
    'more raw contents than inputs': [
      { inputs: [], raw_input_contents: [Uint8Array.of(1)] },
      "the number of inputs (0) does not match the expected number of raw input contents (1) for model 'm'",
    ],
    'the field of another datatype': [
      { inputs: [{ name: 'x', datatype: 'FP32', shape: [1], contents: { int64_contents: [1] } }] },
      `unexpected explicit tensor data for input tensor ${at} of type 'INT64', expected datatype 'FP32'`,
    ],
    'FP16, which has no field': [
      { inputs: [{ name: 'x', datatype: 'FP16', shape: [1], contents: { fp32_contents: [1] } }] },
      `unexpected explicit tensor data for input tensor ${at} of type 'FP32', expected datatype 'FP16'`,
    ],
    'two fields': [
      { inputs: [{ name: 'x', datatype: 'FP32', shape: [1], contents: { fp32_contents: [1], int_contents: [1] } }] },
      `unexpected explicit tensor data for input tensor ${at}, binary data was already supplied.`,
    ],
    'a number that is too large': [
      { inputs: [{ name: 'x', datatype: 'INT8', shape: [2], contents: { int_contents: [1, 128] } }] },
      'The number is no INT8.',
    ],
  };
  for (const [what, [request, message]] of Object.entries(refused)) {
    it(`refuses ${what}`, () => assert.equal(messageOf(request), message));
  }
});
