import { z } from 'zod';
import { MillraceError } from '../../core/errors.js';
import { parseExactly } from '../../core/exact-json.js';
import { describeIssues, shown } from '../../core/zod-issues.js';
import { elementCount } from '../../tensor/tensor.js';
import type { InferInput, InferRequest, Parameters } from '../../v2/infer-request.js';
import { readRaw } from '../../v2/raw-tensor.js';
import { requestError } from '../../v2/request-error.js';
import { datatypeNamed, refuseSharedMemory, wantedOutput } from '../../v2/tensor-parameters.js';
import { scanDocument } from '../document-scanner.js';
import type { ChunkedBody } from './chunked-body.js';
import { readJsonData } from './json-data.js';

/** More dimensions than any tensor has. */
const MAX_RANK = 32;

/** What clients add there is theirs; what is known of it is looked at where it is used. */
const parameters = z.record(z.string(), z.unknown()).optional();

const inputSchema = z.object({
  name: z.string().min(1),
  shape: z.array(z.int().min(0)).max(MAX_RANK).describe('With the batch axis'),
  datatype: z.string().describe('`FP32`, `INT64`, `BYTES` and so on'),
  parameters: parameters.describe(
    '`binary_data_size`: so many bytes behind the JSON are its elements; `content_type` of the items of a pipeline',
  ),
  data: z.unknown().optional().describe('The elements as an array, flat or nested, if they do not come as bytes'),
});

const outputSchema = z.object({
  name: z.string().min(1),
  parameters: parameters.describe(
    '`binary_data`: whether it comes as bytes; `classification`: its so many highest values in place of the tensor',
  ),
});

/** The document of a request for inference. Members that the protocol does not know are let be. */
export const inferEnvelopeSchema = z.object({
  id: z.string().max(1_024).optional().describe('Comes back in the answer; need not differ from that of others'),
  parameters: parameters.describe(
    '`priority` from 1, the highest, to 10; `timeout` in microseconds; `binary_data_output`: all outputs come as bytes',
  ),
  inputs: z.array(inputSchema).max(1_000),
  outputs: z.array(outputSchema).max(1_000).optional().describe('Those that are wanted; all if there are none'),
});

type SentInput = z.output<typeof inputSchema>;

/** A request as it was sent, and in which form its outputs are wanted. */
export interface SentRequest {
  readonly request: InferRequest;
  /** Whether an output is to come in the binary form. */
  readonly isBinary: (output: string) => boolean;
}

/** Which model the URL names. */
export interface NamedModel {
  readonly model: string;
  readonly version: string | undefined;
}

/**
 * Reads a request: JSON, behind which the bytes of inputs may stand that say so.
 *
 * @param jsonBytes of the body, from its beginning
 * @throws MillraceError INVALID_JSON, INVALID_REQUEST or INVALID_INPUT
 */
export function readInferRequest(body: ChunkedBody, jsonBytes: number, { model, version }: NamedModel): SentRequest {
  const json = body.slice(0, jsonBytes);
  const document = scanDocument(json, 'data');
  const result = inferEnvelopeSchema.safeParse(document);
  if (!result.success) {
    const problems = describeIssues(result.error, inferEnvelopeSchema, document);
    const text = problems.map(({ path, message }) => `${path}: ${message}`).join('; ');
    throw new MillraceError('INVALID_REQUEST', `failed to parse the request: ${text}`);
  }
  const { id, inputs, outputs = [], parameters: said = {} } = result.data;
  let exact: { inputs: { data: unknown }[] } | undefined;
  const exactly = (index: number) => {
    exact ??= parseExactly(json.toString('utf8')) as NonNullable<typeof exact>;
    return exact.inputs[index]?.data;
  };
  let at = jsonBytes;
  const read = inputs.map((input, index): InferInput => {
    const size = binarySize(input);
    const head = headOf(input);
    if (size === undefined) {
      const path = `inputs[${index}].data`;
      const count = elementCount(head.shape);
      return { ...head, data: readJsonData({ ...head, count, data: input.data, path, exactly: () => exactly(index) }) };
    }
    const missing = size - (body.length - at);
    if (missing > 0) {
      const text = `unexpected size for input '${input.name}', expecting ${missing} additional bytes for model '${model}'`;
      throw requestError(text);
    }
    const bytes = body.slice(at, at + size);
    at += size;
    return { ...head, data: readRaw({ ...head, bytes, model }) };
  });
  if (at < body.length) {
    const text = `unexpected additional input data for model '${model}'`;
    throw requestError(`${text}: ${body.length - at} bytes behind the last input`);
  }
  const wanted = outputs.map((output, index) => wantedOutput(output, index));
  const request = { model, version, id, parameters: said, inputs: read, outputs: wanted };
  return { request, isBinary: binaryOutputs(outputs, said) };
}

/** All that is known of an input without its data. */
function headOf({ name, shape, datatype, parameters: said }: SentInput): Omit<InferInput, 'data'> {
  return { name, shape, datatype: datatypeNamed(datatype, name), ...(said === undefined ? {} : { parameters: said }) };
}

/**
 * How many bytes of the body are the input's; undefined if its data stands in the JSON.
 *
 * @throws MillraceError INVALID_INPUT if it says both, or neither
 */
function binarySize({ name, parameters: said = {}, ...input }: SentInput): number | undefined {
  const places = [
    ...(input.data === undefined ? [] : ["'data'"]),
    ...['binary_data_size', 'shared_memory_region'].filter((key) => said[key] !== undefined).map((key) => `'${key}'`),
  ];
  if (places.length !== 1) {
    const fields = "'data', 'binary_data_size' in 'parameters', 'shared_memory_region' in 'parameters'";
    const got = `But input '${name}' set ${places.length === 0 ? 'none of them' : places.join(' and ')}.`;
    throw requestError(`Input must set only one of the following fields: ${fields}. ${got}`);
  }
  refuseSharedMemory(said);
  const size = said['binary_data_size'];
  if (size === undefined || (typeof size === 'number' && Number.isSafeInteger(size) && size >= 0)) return size;
  throw requestError(
    `Unable to parse 'binary_data_size' of input '${name}': expected a number of bytes, got ${shown(size)}`,
  );
}

/**
 * In which form outputs come: each as itself says, else as the request says for all, as the protocol has it; JSON if
 * nobody says anything.
 */
function binaryOutputs(
  outputs: readonly z.output<typeof outputSchema>[],
  said: Parameters,
): (output: string) => boolean {
  const byDefault = flag(said, 'binary_data_output') ?? false;
  const own = new Map(outputs.map(({ name, parameters: each = {} }) => [name, flag(each, 'binary_data')]));
  return (output) => own.get(output) ?? byDefault;
}

/** @throws MillraceError INVALID_REQUEST */
function flag(said: Parameters, name: string): boolean | undefined {
  const value = said[name];
  if (value === undefined || typeof value === 'boolean') return value;
  throw new MillraceError('INVALID_REQUEST', `Unable to parse '${name}': expected true or false, got ${shown(value)}`);
}
