import type { Dimension, TensorSpec } from '../../model/signature.js';
import { datatypes } from '../../tensor/datatype.js';
import type { InferRequest } from '../../v2/infer-request.js';
import type { ModelIo } from '../../v2/model-io.js';
import { readRaw } from '../../v2/raw-tensor.js';
import { requestError } from '../../v2/request-error.js';
import type { ChunkedBody } from './chunked-body.js';
import type { NamedModel } from './infer-envelope.js';

/**
 * Reads a body that is nothing but the one input of a model: a raw binary request of Triton's, which says so by a JSON
 * part of no length. It holds one row; of BYTES it is the one element as it is.
 *
 * @throws MillraceError INVALID_INPUT if the model has several inputs, or the shape cannot be told from the length
 */
export function readRawRequest(body: ChunkedBody, io: ModelIo, { model, version }: NamedModel): InferRequest {
  const [spec, ...others] = io.inputs;
  if (spec === undefined || others.length > 0) {
    const text = `raw binary request: model '${model}' must have exactly one input, but has ${io.inputs.length}`;
    throw requestError(`${text}; send the JSON part too`);
  }
  const bytes = body.slice(0, body.length);
  const shape = shapeFor(spec, io.isBatched, { bytes: bytes.length, model });
  const { name, datatype } = spec;
  const data = datatype === 'BYTES' ? [bytes] : readRaw({ name, datatype, shape, bytes, model });
  return { model, version, id: undefined, parameters: {}, inputs: [{ name, datatype, shape, data }], outputs: [] };
}

/** The shape of one row: the dimension that is free, if there is one, is what the length leaves for it. */
function shapeFor(
  { name, datatype, shape }: TensorSpec,
  isBatched: boolean,
  { bytes, model }: { bytes: number; model: string },
): number[] {
  const sizes: readonly Dimension[] = isBatched ? [1, ...shape.slice(1)] : shape;
  const free = sizes.filter((size) => typeof size === 'object').length;
  const known = sizes.reduce<number>((product, size) => product * (typeof size === 'number' ? size : 1), 1);
  const elementBytes = datatypes[datatype].bytes;
  if (free > 1) {
    const text = `raw binary request: the shape of input '${name}' of model '${model}' cannot be told from its length`;
    throw requestError(`${text}: it has ${free} dimensions of any size`);
  }
  if (elementBytes === undefined && known !== 1) {
    throw requestError(
      `raw binary request: input '${name}' of model '${model}' must hold one element, but holds ${known}`,
    );
  }
  const rest = elementBytes === undefined ? 1 : bytes / (elementBytes * known);
  if (free === 1 && !Number.isInteger(rest)) {
    const text = `unexpected size for input '${name}' for model '${model}'`;
    throw requestError(`${text}: ${bytes} bytes are no multiple of ${(elementBytes ?? 1) * known}`);
  }
  return sizes.map((size) => (typeof size === 'number' ? size : rest));
}
