import type { InferAnswer, InferInput, InferRequest } from '../v2/infer-request.js';
import { readRaw, writeRaw } from '../v2/raw-tensor.js';
import { datatypeNamed, refuseSharedMemory, wantedOutput } from '../v2/tensor-parameters.js';
import type { InferMessage, InputMessage } from './infer-message.js';
import { inputBytes } from './input-bytes.js';

/** What Triton's own client says to a stream, in the part of the names that is Triton's. */
const WITH_FINAL = 'triton_enable_empty_final_response';

/** A request as a gRPC message holds it. */
export interface ReadRequest {
  readonly request: InferRequest;
  /** Whether answers are to say that no other follows them: here none ever does. */
  readonly marksFinal: boolean;
}

/**
 * Makes the request of a ModelInferRequest; its tensors are views on the message where they can be.
 *
 * @throws MillraceError INVALID_INPUT
 */
export function inferRequestOf(message: InferMessage): ReadRequest {
  const { modelName: model, modelVersion, id, inputs, outputs } = message;
  const bytes = inputBytes(message);
  const { [WITH_FINAL]: marksFinal, ...parameters } = message.parameters;
  return {
    request: {
      model,
      version: modelVersion === '' ? undefined : modelVersion,
      id: id === '' ? undefined : id,
      parameters,
      inputs: inputs.map((input, index) => inputOf(input, bytes[index] as Uint8Array, model)),
      outputs: outputs.map(wantedOutput),
    },
    marksFinal: marksFinal === true,
  };
}

/** An answer as a ModelInferResponse, all of it raw; the tensors are not copied. */
export function inferResponseOf({ id = '', model, version, outputs }: InferAnswer, marksFinal = false): object {
  return {
    model_name: model,
    model_version: version,
    id,
    ...(marksFinal ? { parameters: { triton_final_response: { bool_param: true } } } : {}),
    outputs: outputs.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
    raw_output_contents: outputs.map(writeRaw),
  };
}

function inputOf(input: InputMessage, bytes: Uint8Array, model: string): InferInput {
  const { name, shape, parameters } = input;
  refuseSharedMemory(parameters);
  const datatype = datatypeNamed(input.datatype, name);
  return { name, datatype, shape, parameters, data: readRaw({ name, datatype, shape, bytes, model }) };
}
