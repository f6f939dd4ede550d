import type { Datatype, NumericArray } from '../tensor/datatype.js';

/** The elements of a BYTES tensor: any bytes, or a text that stands for its UTF-8. */
export type ByteElements = readonly (string | Uint8Array)[];

/** A tensor as requests and answers of the Open Inference Protocol hold it: row-major, with the batch axis. */
export interface V2Tensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  /** FP16 as bit patterns, BOOL as 0 and 1. */
  readonly data: NumericArray | ByteElements;
}

/** Values by name, as clients add them to requests, inputs and outputs; what nobody knows is let be. */
export type Parameters = Readonly<Record<string, unknown>>;

export interface InferInput extends V2Tensor {
  readonly parameters?: Parameters;
}

export interface RequestedOutput {
  readonly name: string;
  /** So many classes of the highest values are wanted in place of the tensor; 0 for the tensor itself. */
  readonly classes: number;
}

/** A request for inference, whatever carried it: its tensors hold the rows of one job. */
export interface InferRequest {
  readonly model: string;
  readonly version: string | undefined;
  /** The client's own; it comes back in the answer, and need not differ from other requests'. */
  readonly id: string | undefined;
  readonly parameters: Parameters;
  readonly inputs: readonly InferInput[];
  /** Without any, all are wanted. */
  readonly outputs: readonly RequestedOutput[];
}

/** What comes of it. */
export interface InferAnswer {
  readonly id: string | undefined;
  /** As the request named it. */
  readonly model: string;
  readonly version: string;
  readonly outputs: readonly V2Tensor[];
}
