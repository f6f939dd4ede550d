import { endianness } from 'node:os';
import { type Datatype, datatypes, type TensorData } from './datatype.js';
import { numbersToHalves } from './half-float.js';
import { numberRange } from './json-elements.js';

/** The places of the lower and the upper half of a 64-bit integer among its two 32-bit words. */
const [LOWER, UPPER] = endianness() === 'LE' ? [0, 1] : [1, 0];

/**
 * The elements that numbers become: the same as `writeElements` writes, many at a time.
 *
 * @returns undefined where the datatype takes none, or not all of them; `writeElements` says which
 */
export function elementsOf(datatype: Datatype, numbers: Float64Array): TensorData | undefined {
  if (datatype === 'BOOL' || datatype === 'BYTES') return undefined;
  const [least, greatest] = numberRange[datatype];
  if (!areWithin(numbers, least, greatest)) return undefined;
  switch (datatype) {
    case 'FP32':
    case 'FP64':
      return new datatypes[datatype].array(numbers);
    case 'FP16':
      return numbersToHalves(numbers);
    case 'INT64':
    case 'UINT64':
      return areWhole(numbers) ? new datatypes[datatype].array(longsOf(numbers)) : undefined;
    default:
      return areWhole(numbers) ? new datatypes[datatype].array(numbers) : undefined;
  }
}

function areWithin(numbers: Float64Array, least: number, greatest: number): boolean {
  for (let index = 0; index < numbers.length; index += 1) {
    const number = numbers[index] as number;
    if (number < least || number > greatest) return false;
  }
  return true;
}

function areWhole(numbers: Float64Array): boolean {
  for (let index = 0; index < numbers.length; index += 1) {
    if (!Number.isInteger(numbers[index])) return false;
  }
  return true;
}

/** The memory of 64-bit integers, written in halves: a BigInt for each would take ten times as long. */
function longsOf(numbers: Float64Array): ArrayBuffer {
  const words = new Int32Array(2 * numbers.length);
  for (let index = 0; index < numbers.length; index += 1) {
    const number = numbers[index] as number;
    // What is beyond 32 bits is left out by the assignment.
    words[2 * index + LOWER] = number;
    words[2 * index + UPPER] = Math.floor(number / 2 ** 32);
  }
  return words.buffer;
}
