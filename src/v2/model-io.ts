import type { TensorSpec } from '../model/signature.js';
import type { ModelInput, ModelResult } from '../serving/model-input.js';
import type { InferInput, InferRequest, RequestedOutput, V2Tensor } from './infer-request.js';

/** What a model takes and gives over the protocol. */
export interface ModelIo {
  /** With the batch axis where there is one. */
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** Whether every tensor has its batch axis in front, which is what the protocol calls a model that batches. */
  readonly isBatched: boolean;
  /**
   * Rows of one request, at most.
   *
   * @param maxRows what the server allows
   */
  mostRows(maxRows: number): number;
  /**
   * Checks the inputs of a request, and makes the input of one job of them.
   *
   * @throws MillraceError INVALID_INPUT
   */
  read(inputs: readonly InferInput[], request: RequestFrame): ModelInput;
  /**
   * The outputs of a job that are wanted, each one of `outputs` above; all if none is named.
   *
   * @throws MillraceError INVALID_INPUT if one cannot be had as it is wanted
   */
  write(outputs: ModelResult['outputs'], wanted: readonly RequestedOutput[]): V2Tensor[];
}

/** What messages about a request need to know, and the limits that it must keep. */
export interface RequestFrame {
  /** As the request names it. */
  readonly model: string;
  readonly maxRows: number;
}

/** A request whose tensors can be read only once its model is known. */
export interface UnreadRequest extends Pick<InferRequest, 'model' | 'version' | 'parameters'> {
  /** Of what is to be read. */
  readonly bytes: number;
  /** @throws MillraceError INVALID_INPUT */
  read(io: ModelIo): InferRequest;
}
