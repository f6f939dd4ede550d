import { MillraceError } from '../core/errors.js';
import type { InferMessage, InputMessage } from './infer-message.js';
import type { Contents } from './tensor-contents.js';

/** The field of typed contents in which each datatype comes. FP16 has none. */
const fieldsByDatatype: Readonly<Record<string, string>> = {
  BOOL: 'bool_contents',
  INT8: 'int_contents',
  INT16: 'int_contents',
  INT32: 'int_contents',
  INT64: 'int64_contents',
  UINT8: 'uint_contents',
  UINT16: 'uint_contents',
  UINT32: 'uint_contents',
  UINT64: 'uint64_contents',
  FP32: 'fp32_contents',
  FP64: 'fp64_contents',
  BYTES: 'bytes_contents',
};

/** What Triton's messages call the datatype of a field. */
const datatypesByField: Readonly<Record<string, string>> = {
  bool_contents: 'BOOL',
  int_contents: 'INT32',
  int64_contents: 'INT64',
  uint_contents: 'UINT32',
  uint64_contents: 'UINT64',
  fp32_contents: 'FP32',
  fp64_contents: 'FP64',
  bytes_contents: 'BYTES',
};

/** Integers of one and two bytes come as those of four. */
const narrow = {
  INT8: { least: -128, most: 127, array: Int8Array },
  INT16: { least: -32_768, most: 32_767, array: Int16Array },
  UINT8: { least: 0, most: 255, array: Uint8Array },
  UINT16: { least: 0, most: 65_535, array: Uint16Array },
} as const;

/**
 * The elements of each input in the binary form of the protocol: little-endian, row-major, BYTES with a length before
 * each. Raw contents are views on the message.
 *
 * @throws MillraceError INVALID_INPUT, in Triton's words, if an input has no data, or data in more than one place
 */
export function inputBytes({ modelName, inputs, rawContents }: InferMessage): Uint8Array[] {
  if (rawContents.length > inputs.length) {
    const counts = `the number of inputs (${inputs.length}) does not match the expected number of raw input contents`;
    const text = `${counts} (${rawContents.length}) for model '${modelName}'`;
    throw new MillraceError('INVALID_INPUT', text, { path: 'raw_input_contents' });
  }
  return inputs.map((input, index) => {
    const place = { path: `inputs[${index}].contents`, named: `'${input.name}' for model '${modelName}'` };
    if (rawContents.length === 0) return typedBytes(input, place);
    if (input.contents !== undefined) {
      throw invalid(`contents field must not be specified when using raw_input_contents for ${place.named}`, place);
    }
    return rawContents[index] ?? missing(place);
  });
}

/** Which input it is, for errors. */
interface Place {
  readonly path: string;
  readonly named: string;
}

function typedBytes({ contents, datatype, shape }: InputMessage, place: Place): Uint8Array {
  const [only, second] = contents ?? [];
  if (only === undefined) return shape.includes(0) ? Buffer.alloc(0) : missing(place);
  const begin = `unexpected explicit tensor data for input tensor ${place.named}`;
  if (second !== undefined) throw invalid(`${begin}, binary data was already supplied.`, place);
  if (only.field !== fieldsByDatatype[datatype]) {
    const got = datatypesByField[only.field];
    throw invalid(`${begin} of type '${got}', expected datatype '${datatype}'`, place);
  }
  return datatype in narrow ? narrowed(only, datatype as keyof typeof narrow, place) : only.bytes;
}

function narrowed({ bytes, count }: Contents, datatype: keyof typeof narrow, { path }: Place): Uint8Array {
  const { least, most, array: NarrowArray } = narrow[datatype];
  const values = new NarrowArray(count);
  for (let index = 0; index < count; index += 1) {
    const value = least < 0 ? bytes.readInt32LE(4 * index) : bytes.readUInt32LE(4 * index);
    if (value < least || value > most) {
      const details = { path: `${path}[${index}]`, expected: `${least} to ${most}`, got: String(value) };
      throw new MillraceError('INVALID_INPUT', `The number is no ${datatype}.`, details);
    }
    values[index] = value;
  }
  return new Uint8Array(values.buffer);
}

function missing(place: Place): never {
  throw invalid(`unable to find data for input tensor ${place.named} in request.`, place);
}

function invalid(text: string, { path }: Place): MillraceError {
  return new MillraceError('INVALID_INPUT', text, { path });
}
