import { allocate, type Datatype, type NumericArray } from '../../tensor/datatype.js';
import { numberToHalf } from '../../tensor/half-float.js';
import { StepError } from '../step.js';
import type { Image } from '../value-type.js';

/** Datatypes that a pixel can become an element of. */
export const pixelDatatypes = [
  'FP32',
  'FP16',
  'FP64',
  'UINT8',
  'INT8',
  'UINT16',
  'INT16',
  'UINT32',
  'INT32',
  'UINT64',
  'INT64',
] as const satisfies readonly Datatype[];

export type PixelDatatype = (typeof pixelDatatypes)[number];

/** What a channel's bytes become: `(byte · scale − mean) / std`, after the byte has become 0 or 255 where there is a threshold. */
export interface PixelScaling {
  readonly scale: number;
  readonly mean: number;
  readonly std: number;
  readonly threshold: number | undefined;
}

/** What each of the 256 values of a byte becomes, ready to be copied. */
export type PixelTable = NumericArray;

const BYTES = 256;

/**
 * @returns 256 elements
 * @throws StepError if one of them is beyond the datatype
 */
export function pixelTable(datatype: PixelDatatype, { scale, mean, std, threshold }: PixelScaling): PixelTable {
  const table = allocate(datatype, BYTES) as PixelTable;
  for (let byte = 0; byte < BYTES; byte += 1) {
    const level = threshold === undefined ? byte : byte >= threshold ? BYTES - 1 : 0;
    setElement(table, byte, { datatype, value: (level * scale - mean) / std });
  }
  return table;
}

function setElement(
  table: PixelTable,
  at: number,
  { datatype, value }: { datatype: PixelDatatype; value: number },
): void {
  if (datatype === 'FP16') {
    table[at] = numberToHalf(value);
  } else if (table instanceof Float32Array || table instanceof Float64Array) {
    table[at] = value;
  } else if (table instanceof BigInt64Array || table instanceof BigUint64Array) {
    table[at] = BigInt(Math.round(value));
    if (Number(table[at]) !== Math.round(value)) throw beyond(datatype, value);
  } else {
    table[at] = Math.round(value);
    if (table[at] !== Math.round(value)) throw beyond(datatype, value);
  }
}

function beyond(datatype: PixelDatatype, value: number): StepError {
  return new StepError(`pixels become ${Math.round(value)}, which ${datatype} cannot hold; see scale and mean`);
}

/** Numbers or bigints, the same in an array and in what is written to it. */
interface Elements {
  [index: number]: number | bigint;
}

/** What three channels' bytes are multiplied by, and what is then added: the usual case, for which a table is too slow. */
export type PixelLines = readonly [red: PixelLine, green: PixelLine, blue: PixelLine];

interface PixelLine {
  readonly factor: number;
  readonly offset: number;
}

/** The line that a channel's values lie on; undefined where a threshold makes them lie on none. */
export function pixelLine({ scale, mean, std, threshold }: PixelScaling): PixelLine | undefined {
  return threshold === undefined ? { factor: scale / std, offset: -mean / std } : undefined;
}

/** Writes an image of three channels into a tensor channel by channel (CHW), in one pass over its bytes. */
export function fillPlanes(target: Float32Array, data: Uint8Array, [first, second, third]: PixelLines): void {
  // In variables of their own: a property that is looked up for each pixel costs as much as the arithmetic.
  const { factor: factor0, offset: offset0 } = first;
  const { factor: factor1, offset: offset1 } = second;
  const { factor: factor2, offset: offset2 } = third;
  const size = data.length / 3;
  for (let at = 0, from = 0; at < size; at += 1, from += 3) {
    target[at] = (data[from] as number) * factor0 + offset0;
    target[size + at] = (data[from + 1] as number) * factor1 + offset1;
    target[2 * size + at] = (data[from + 2] as number) * factor2 + offset2;
  }
}

/**
 * Writes an image into a tensor, each byte as its channel's table says.
 *
 * @param tables one for each channel of the tensor, in its order, of the target's datatype
 * @param order `planes`: channel by channel (CHW); `pixels`: pixel by pixel (HWC)
 */
export function fillFromPixels(
  target: Elements,
  { data, channels }: Image,
  { tables, order, bgr }: { tables: readonly Elements[]; order: 'planes' | 'pixels'; bgr: boolean },
): void {
  const step = order === 'planes' ? 1 : channels;
  for (let channel = 0; channel < channels; channel += 1) {
    const table = tables[channel] as Elements;
    let to = order === 'planes' ? channel * (data.length / channels) : channel;
    // Blue first; a fourth channel stays where it is.
    for (let from = bgr && channel < 3 ? 2 - channel : channel; from < data.length; from += channels) {
      target[to] = table[data[from] as number] as number | bigint;
      to += step;
    }
  }
}
