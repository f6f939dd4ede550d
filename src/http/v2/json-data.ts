import { MillraceError } from '../../core/errors.js';
import { shown } from '../../core/zod-issues.js';
import { allocate, type Datatype, type TensorData } from '../../tensor/datatype.js';
import { writeElements } from '../../tensor/json-elements.js';
import { JsonNumbers } from '../../tensor/json-numbers.js';
import { elementsOf } from '../../tensor/number-elements.js';
import type { V2Tensor } from '../../v2/infer-request.js';
import { requestError } from '../../v2/request-error.js';

/** An input's elements as JSON says them, and what they must become. */
export interface JsonData {
  readonly name: string;
  readonly datatype: Datatype;
  /** How many the shape asks for. */
  readonly count: number;
  /** Flat, or nested in whatever way. */
  readonly data: unknown;
  /** How errors call it, such as `inputs[0].data`. */
  readonly path: string;
  /** The same with all digits: integers that a double does not hold are BigInts. */
  readonly exactly: () => unknown;
}

const LIMITS = {
  INT64: [-(2n ** 63n), 2n ** 63n - 1n],
  UINT64: [0n, 2n ** 64n - 1n],
} as const;

/**
 * Reads the elements of an input, 64-bit integers by all their digits.
 *
 * @throws MillraceError INVALID_INPUT that names the first element which the datatype cannot hold
 */
export function readJsonData(sent: JsonData): V2Tensor['data'] {
  const { datatype, count, data } = sent;
  if (data instanceof JsonNumbers) {
    checkCount(data.values.length, sent);
    const elements = elementsOf(datatype, data.values);
    if (elements !== undefined) return elements;
  }
  const values = flatten(data instanceof JsonNumbers ? data.toArrays() : data, sent);
  checkCount(values.length, sent);
  if (datatype === 'BYTES') return texts(values, sent);
  if ((datatype === 'INT64' || datatype === 'UINT64') && values.some(isUnsafe)) return longs(datatype, sent);
  const elements: TensorData = allocate(datatype, count);
  writeElements(values, { datatype, data: elements, at: 0, pathOf: (index) => `${sent.path}[${index}]` });
  return elements as V2Tensor['data'];
}

function checkCount(got: number, { name, count }: JsonData): void {
  if (got === count) return;
  const counts = `expecting ${count} elements but got ${got}`;
  throw requestError(
    `Unable to parse 'data' of input '${name}': shape does not match true shape of 'data' field, ${counts}`,
  );
}

function flatten(data: unknown, { name }: JsonData): unknown[] {
  if (!Array.isArray(data)) {
    throw requestError(`Unable to parse 'data' of input '${name}': expected an array, got ${shown(data)}`);
  }
  const isFlat = data.every((each) => !Array.isArray(each));
  // Nesting is bounded where the document is parsed.
  return isFlat ? (data as unknown[]) : (data.flat(Number.POSITIVE_INFINITY) as unknown[]);
}

function texts(values: readonly unknown[], { path }: JsonData): string[] {
  for (const [index, value] of values.entries()) {
    if (typeof value === 'string' && value.isWellFormed()) continue;
    throw misfit(`${path}[${index}]`, 'a string of valid Unicode', value);
  }
  return values as string[];
}

function isUnsafe(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value);
}

function longs(datatype: 'INT64' | 'UINT64', sent: JsonData): V2Tensor['data'] {
  const elements = allocate(datatype, sent.count) as BigInt64Array | BigUint64Array;
  const [least, greatest] = LIMITS[datatype];
  for (const [index, value] of flatten(sent.exactly(), sent).entries()) {
    const whole = typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value;
    if (typeof whole !== 'bigint' || whole < least || whole > greatest) {
      throw misfit(`${sent.path}[${index}]`, `a whole number from ${least} to ${greatest}`, value);
    }
    elements[index] = whole;
  }
  return elements;
}

function misfit(path: string, expected: string, value: unknown): MillraceError {
  const details = { path, expected, got: shown(value) };
  return new MillraceError('INVALID_INPUT', 'A value of the input is not what the model takes.', details);
}
