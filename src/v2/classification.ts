import { halvesToNumbers } from '../tensor/half-float.js';
import { elementText } from '../tensor/json-elements.js';
import type { V2Tensor } from './infer-request.js';
import { requestError } from './request-error.js';

/** How an output is to be said as classes. */
export interface ClassificationOptions {
  /** So many of the highest values; all where there are fewer. */
  readonly classes: number;
  /** Whether the first axis holds items, each with classes of its own. */
  readonly isBatched: boolean;
  /** What the classes are called, by number, where that is known. */
  readonly labels: readonly string[] | undefined;
}

/**
 * Triton's classification extension: in place of an output the classes of its highest values, as BYTES
 * `value:index` or `value:index:label`, of shape [items, classes]. Of equal values the first comes first.
 *
 * @throws MillraceError INVALID_INPUT for a datatype that has no order
 */
export function classify(output: V2Tensor, { classes, isBatched, labels }: ClassificationOptions): V2Tensor {
  const { name, datatype, shape } = output;
  const values = numbersOf(output);
  const items = isBatched ? (shape[0] as number) : 1;
  const size = items === 0 ? 0 : values.length / items;
  const count = Math.min(classes, size);
  const data: string[] = [];
  for (let item = 0; item < items; item += 1) {
    const own = values.subarray(item * size, (item + 1) * size);
    for (const place of highest(own, count)) {
      const label = labels?.[place];
      const value = elementText(datatype, elementAt(output, item * size + place)) ?? String(own[place]);
      data.push(`${value}:${place}${label === undefined ? '' : `:${label}`}`);
    }
  }
  return { name, datatype: 'BYTES', shape: isBatched ? [items, count] : [count], data };
}

/** The places of the highest values; NaN counts as the lowest. */
function highest(values: Float64Array, count: number): number[] {
  const orderOf = (value: number) => (Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value);
  return Array.from(values.keys())
    .sort((a, b) => {
      const [one, other] = [orderOf(values[a] as number), orderOf(values[b] as number)];
      return one === other ? a - b : other - one;
    })
    .slice(0, count);
}

function elementAt({ data }: V2Tensor, at: number): number | bigint {
  return data[at] as number | bigint;
}

/** 64-bit integers are compared as doubles: what differs only beyond 53 bits is equal here. */
function numbersOf({ name, datatype, data }: V2Tensor): Float64Array {
  if (datatype === 'BYTES' || datatype === 'BOOL') {
    throw requestError(`class result not available for output '${name}' due to unsupported type '${datatype}'`);
  }
  if (datatype === 'FP16') return Float64Array.from(halvesToNumbers(data as Uint16Array));
  return Float64Array.from(data as unknown as ArrayLike<number | bigint>, Number);
}
