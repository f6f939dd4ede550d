import { type Datatype, datatypes } from '../tensor/datatype.js';
import type { InferAnswer, InferInput, InferRequest, RequestedOutput } from '../v2/infer-request.js';
import { readRaw, writeRaw } from '../v2/raw-tensor.js';
import { requestError } from '../v2/request-error.js';
import type { InferMessage, InputMessage, OutputMessage } from './infer-message.js';
import type { ParameterRecord } from './infer-parameters.js';
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
      outputs: outputs.map(outputOf),
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

function inputOf({ name, datatype, shape, parameters }: InputMessage, bytes: Uint8Array, model: string): InferInput {
  refuseSharedMemory(parameters, `input '${name}'`);
  if (!isDatatype(datatype)) {
    const known = Object.keys(datatypes).join(', ');
    throw requestError(`inference input '${name}' data-type is '${datatype}'; expected one of ${known}`);
  }
  return { name, datatype, shape, parameters, data: readRaw({ name, datatype, shape, bytes, model }) };
}

function outputOf({ name, parameters }: OutputMessage): RequestedOutput {
  refuseSharedMemory(parameters, `output '${name}'`);
  const { classification: classes = 0 } = parameters;
  if (typeof classes === 'number' && Number.isSafeInteger(classes) && classes >= 0) return { name, classes };
  throw requestError(`invalid value for parameter 'classification' of output '${name}': expected a count of classes`);
}

function refuseSharedMemory(parameters: ParameterRecord, place: string): void {
  if (!Object.hasOwn(parameters, 'shared_memory_region')) return;
  throw requestError(`shared memory is off on this server: send the data of ${place} in the message`);
}

function isDatatype(name: string): name is Datatype {
  return Object.hasOwn(datatypes, name);
}
