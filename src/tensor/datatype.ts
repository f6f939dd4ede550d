/**
 * The datatypes of tensors under the names of the Open Inference Protocol, with what holds their elements here.
 * FP16 is held as its bit pattern; BYTES as strings, which is what ONNX Runtime's string tensors are.
 */
export const datatypes = {
  BOOL: { bytes: 1, array: Uint8Array },
  UINT8: { bytes: 1, array: Uint8Array },
  UINT16: { bytes: 2, array: Uint16Array },
  UINT32: { bytes: 4, array: Uint32Array },
  UINT64: { bytes: 8, array: BigUint64Array },
  INT8: { bytes: 1, array: Int8Array },
  INT16: { bytes: 2, array: Int16Array },
  INT32: { bytes: 4, array: Int32Array },
  INT64: { bytes: 8, array: BigInt64Array },
  FP16: { bytes: 2, array: Uint16Array },
  FP32: { bytes: 4, array: Float32Array },
  FP64: { bytes: 8, array: Float64Array },
  BYTES: { bytes: undefined, array: undefined },
} as const;

export type Datatype = keyof typeof datatypes;

export type NumericArray =
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

/** The elements of a tensor, row-major. */
export type TensorData = NumericArray | string[];

/** A zeroed array for `length` elements. */
export function allocate(datatype: Datatype, length: number): TensorData {
  const { array: ArrayType } = datatypes[datatype];
  return ArrayType === undefined ? new Array<string>(length).fill('') : new ArrayType(length);
}
