import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import { MillraceError } from '../../core/errors.js';
import { type Datatype, datatypes, type NumericArray } from '../../tensor/datatype.js';
import { nestedText } from '../../tensor/nested-text.js';
import type { ByteElements, InferAnswer, V2Tensor } from '../../v2/infer-request.js';
import { writeRaw } from '../../v2/raw-tensor.js';

/** The JSON of an answer. It is written by hand, below: numbers would lose digits on the way through a document. */
export const inferAnswerSchema = z.object({
  id: z.string().exactOptional().describe('That of the request, if it had one'),
  model_name: z.string().describe('As the request named it'),
  model_version: z.string(),
  outputs: z.array(
    z.object({
      name: z.string(),
      datatype: z.enum(Object.keys(datatypes) as [Datatype, ...Datatype[]]),
      shape: z.array(z.int().min(0)).describe('With the batch axis'),
      parameters: z
        .object({ binary_data_size: z.int().min(0) })
        .exactOptional()
        .describe('So many bytes behind the JSON are its elements'),
      data: z
        .array(z.union([z.number(), z.boolean(), z.string()]))
        .exactOptional()
        .describe('The elements as one flat array, if they do not come as bytes'),
    }),
  ),
});

/** An answer as it goes out: JSON, and behind it the bytes of the outputs that come in the binary form. */
export interface EncodedAnswer {
  readonly json: string;
  readonly blobs: readonly Uint8Array[];
  /** Whether an output is in the binary form, also one without elements. */
  readonly isBinary: boolean;
}

/**
 * Writes an answer; numbers in the binary form are views, not copies.
 *
 * @throws MillraceError OUTPUT_NOT_FINITE for what JSON cannot say
 */
export function encodeAnswer(answer: InferAnswer, isBinary: (output: string) => boolean): EncodedAnswer {
  const { id, model, version, outputs } = answer;
  const blobs: Uint8Array[] = [];
  const texts = outputs.map((output) => {
    const head = `"name":${JSON.stringify(output.name)},"datatype":"${output.datatype}","shape":[${output.shape.join(',')}]`;
    if (!isBinary(output.name)) return `{${head},"data":${dataText(output)}}`;
    const blob = writeRaw(output);
    blobs.push(blob);
    return `{${head},"parameters":{"binary_data_size":${blob.length}}}`;
  });
  const said = id === undefined ? '' : `"id":${JSON.stringify(id)},`;
  const json = `{${said}"model_name":${JSON.stringify(model)},"model_version":"${version}","outputs":[${texts.join(',')}]}`;
  return { json, blobs, isBinary: blobs.length > 0 };
}

/** The elements as one flat array. */
function dataText(output: V2Tensor): string {
  const { name, datatype, data } = output;
  switch (datatype) {
    case 'BYTES':
      return `[${Array.from(data as ByteElements, (element, index) => JSON.stringify(textOf(element, name, index))).join(',')}]`;
    case 'FP16':
    case 'FP32':
    case 'FP64':
      return floatsText(output);
    case 'BOOL':
      return `[${Array.from(data as Uint8Array, (value) => value !== 0).join(',')}]`;
    default:
      // Of 64-bit integers this gives all digits.
      return `[${(data as NumericArray).join(',')}]`;
  }
}

function floatsText({ name, datatype, data }: V2Tensor): string {
  try {
    return nestedText({ datatype, shape: [data.length], data: data as NumericArray }, [data.length], name);
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    const { got = 'such a value' } = error.details;
    throw inBinaryOnly(`output '${name}' holds ${got}`);
  }
}

function textOf(element: string | Uint8Array, name: string, index: number): string {
  if (typeof element === 'string') return element;
  if (isUtf8(element)) return Buffer.from(element.buffer, element.byteOffset, element.byteLength).toString('utf8');
  throw inBinaryOnly(`element ${index} of output '${name}' is not UTF-8`);
}

function inBinaryOnly(fault: string): MillraceError {
  const hint = "ask for the output in the binary form, with 'binary_data': true in its parameters";
  return new MillraceError('OUTPUT_NOT_FINITE', `${fault}, which JSON cannot say; ${hint}`);
}
