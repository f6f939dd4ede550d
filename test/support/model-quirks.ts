import type { BatchAxes } from '#src/model/signature.js';
import { numberToHalf } from '#src/tensor/half-float.js';
import type { NamedTensors } from '#src/tensor/tensor.js';
import * as models from './fixture-models.js';
import type { FolderContents } from './model-folder.js';
import { model, node } from './model-parts.js';
import { fp32, int64 } from './tensors.js';

/* What real exports do: each must work, or be refused with the reason. */

/** A model that must be served, how it is batched, and one request with its answer. */
export interface Quirk {
  readonly name: string;
  readonly model: Uint8Array;
  /** Further files beside the model. */
  readonly files?: FolderContents;
  readonly axes: BatchAxes;
  /** Why its requests run alone; absent where they share batches. */
  readonly alone?: RegExp;
  /** Made anew for each run, which takes its memory. */
  readonly ask: () => NamedTensors;
  readonly answer: Record<string, { shape: number[]; values: unknown[] }>;
}

const rows: BatchAxes = { inputs: { x: 0 }, outputs: { y: 0 } };
const columns: BatchAxes = { inputs: { x: 1 }, outputs: { y: 1 } };
const whole: BatchAxes = { inputs: { x: null }, outputs: { y: null } };
const noAxis = /no input has a free first dimension/;

const affine = {
  axes: rows,
  ask: () => ({ x: fp32([1, 4], 1, 2, 3, 4) }),
  answer: { y: { shape: [1, 4], values: [3, 5, 7, 9] } },
};
const runningSum = {
  axes: columns,
  ask: () => ({ x: fp32([3, 1, 2], 1, 2, 3, 4, 5, 6) }),
  answer: { y: { shape: [3, 1, 2], values: [1, 2, 4, 6, 9, 12] } },
};
const external = models.externalData('weights.bin');
const recurrent = model(
  { x: ['batch', 'samples'], state: [2, 'batch', 1], rate: [] },
  { y: ['batch', 'samples'], next: [2, 'batch', 1] },
  [node('Mul', ['x', 'rate'], 'y'), node('Add', ['state', 'state'], 'next')],
);

/** Models that must be served. */
export const quirks: readonly Quirk[] = [
  { name: 'affine', model: models.affine(), ...affine },
  { name: 'fixedBatchOne', model: models.fixedBatchOne(), alone: /exported for a batch of exactly 1/, ...affine },
  {
    name: 'fixedBatchFour',
    model: models.fixedBatchFour(),
    axes: whole,
    alone: noAxis,
    ask: () => ({ x: fp32([4, 2], 1, 2, 3, 4, 5, 6, 7, 8) }),
    answer: { y: { shape: [4, 2], values: [3, 5, 7, 9, 11, 13, 15, 17] } },
  },
  { name: 'timeMajor', model: models.timeMajor(), ...runningSum },
  { name: 'timeMajorNamed', model: models.timeMajor('T'), ...runningSum },
  { name: 'timeMajorFixed', model: models.timeMajor(3), ...runningSum },
  {
    name: 'sharedInput',
    model: models.sharedInput(),
    axes: { inputs: { x: 0, scale: null }, outputs: { y: 0 } },
    ask: () => ({ x: fp32([1, 3], 1, 2, 3), scale: fp32([], 10) }),
    answer: { y: { shape: [1, 3], values: [10, 20, 30] } },
  },
  {
    name: 'rowsInteract',
    model: models.rowsInteract(),
    axes: rows,
    alone: /rows influence each other/,
    ask: () => ({ x: fp32([1, 4], 1, 2, 3, 4) }),
    answer: { y: { shape: [1, 4], values: [0, 0, 0, 0] } },
  },
  {
    name: 'noBatchAxis',
    model: models.noBatchAxis(),
    axes: whole,
    alone: noAxis,
    ask: () => ({ x: fp32([2, 3], 1, 2, 3, 4, 5, 6) }),
    answer: { y: { shape: [2, 3], values: [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5] } },
  },
  {
    name: 'scalarModel',
    model: models.scalarModel(),
    axes: whole,
    alone: noAxis,
    ask: () => ({ x: fp32([], 3) }),
    answer: { y: { shape: [], values: [7] } },
  },
  {
    name: 'twoDynamicAxes',
    model: models.twoDynamicAxes(),
    axes: rows,
    ask: () => ({ x: fp32([1, 3], 1, 2, 3) }),
    answer: { y: { shape: [1, 3], values: [1, 3, 6] } },
  },
  { name: 'unnamedAxes', model: models.unnamedAxes(), ...affine },
  { name: 'differentNames', model: models.differentNames(), ...affine },
  {
    name: 'hiddenOutputAxis',
    model: models.hiddenOutputAxis(),
    axes: { inputs: { x: 0 }, outputs: { y: 1 } },
    ask: () => ({ x: fp32([1, 3], 1, 2, 3) }),
    answer: { y: { shape: [3, 1], values: [2, 4, 6] } },
  },
  {
    name: 'minimumLength',
    model: models.minimumLength(12),
    axes: rows,
    ask: () => ({ x: fp32([1, 1, 13], ...Array.from({ length: 13 }, (_, index) => index)) }),
    answer: { y: { shape: [1, 1, 2], values: [66, 78] } },
  },
  {
    name: 'gatherTable',
    model: models.gatherTable(),
    axes: { inputs: { ids: 0 }, outputs: { y: 0 } },
    ask: () => ({ ids: int64([1], 3) }),
    answer: { y: { shape: [1, 2], values: [30, 31] } },
  },
  {
    name: 'gatherTableOfTwo',
    model: models.gatherTable(2),
    axes: { inputs: { ids: 0 }, outputs: { y: 0 } },
    ask: () => ({ ids: int64([1, 2], 3, 0) }),
    answer: { y: { shape: [1, 2, 2], values: [30, 31, 0, 1] } },
  },
  {
    name: 'nanForNegative',
    model: models.nanForNegative(),
    axes: rows,
    ask: () => ({ x: fp32([1, 4], 4, -1, 0, 9) }),
    answer: { y: { shape: [1, 4], values: [2, Number.NaN, 0, 3] } },
  },
  {
    name: 'oddNames',
    model: models.oddNames(),
    axes: { inputs: { 'serving_default/x:0': 0 }, outputs: { 'StatefulPartitionedCall/y:0': 0 } },
    ask: () => ({ 'serving_default/x:0': fp32([1, 4], 1, 2, 3, 4) }),
    answer: { 'StatefulPartitionedCall/y:0': { shape: [1, 4], values: [3, 5, 7, 9] } },
  },
  {
    name: 'zeroSize',
    model: models.zeroSize(),
    axes: rows,
    ask: () => ({ x: fp32([1, 0]) }),
    answer: { y: { shape: [1, 0], values: [] } },
  },
  {
    name: 'externalData',
    model: external.model,
    files: { 'externalData/1/weights.bin': external.data },
    axes: rows,
    ask: () => ({ x: fp32([1, 4], 1, 1, 1, 1) }),
    answer: { y: { shape: [1, 4], values: [2, 3, 4, 5] } },
  },
  {
    name: 'unknownRank',
    model: models.unknownRank(),
    axes: whole,
    alone: noAxis,
    ask: () => ({ x: fp32([], 3) }),
    answer: { y: { shape: [], values: [3] } },
  },
  {
    name: 'inputWithDefault',
    model: models.inputWithDefault(),
    axes: rows,
    ask: () => ({ x: fp32([1, 3], 1, 2, 3) }),
    answer: { y: { shape: [1, 3], values: [2, 4, 6] } },
  },
  {
    name: 'channelsLast',
    model: models.identity('UINT8', ['N', 1, 2, 3]),
    axes: rows,
    ask: () => ({ x: { datatype: 'UINT8', shape: [1, 1, 2, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 255) } }),
    answer: { y: { shape: [1, 1, 2, 3], values: [1, 2, 3, 4, 5, 255] } },
  },
  {
    name: 'booleans',
    model: models.identity('BOOL', ['N', 2]),
    axes: rows,
    ask: () => ({ x: { datatype: 'BOOL', shape: [1, 2], data: Uint8Array.of(1, 0) } }),
    answer: { y: { shape: [1, 2], values: [1, 0] } },
  },
  {
    name: 'halves',
    model: models.identity('FP16', ['N', 2]),
    axes: rows,
    ask: () => ({ x: { datatype: 'FP16', shape: [1, 2], data: Uint16Array.of(numberToHalf(1.5), 0xfbff) } }),
    answer: { y: { shape: [1, 2], values: [0x3e00, 0xfbff] } },
  },
  {
    name: 'strings',
    model: models.identity('BYTES', ['N', 2]),
    axes: rows,
    ask: () => ({ x: { datatype: 'BYTES', shape: [1, 2], data: ['größer', ''] } }),
    answer: { y: { shape: [1, 2], values: ['größer', ''] } },
  },
  {
    name: 'recurrent',
    model: recurrent,
    axes: { inputs: { x: 0, state: 1, rate: null }, outputs: { y: 0, next: 1 } },
    ask: () => ({ x: fp32([1, 2], 1, 2), state: fp32([2, 1, 1], 3, 4), rate: fp32([], 10) }),
    answer: { y: { shape: [1, 2], values: [10, 20] }, next: { shape: [2, 1, 1], values: [6, 8] } },
  },
];

/** Models that must be UNAVAILABLE, with why. */
export const refused = [
  { name: 'bf16', model: models.bf16(), reason: /BF16.*convert it to FP32 or FP16/ },
  { name: 'notTensor', model: models.notTensor(), reason: /xs is a sequence.*only tensors are served/ },
  { name: 'garbage', model: 'no model at all', reason: /model\.onnx.*Protobuf parsing failed/ },
  { name: 'missingWeights', model: external.model, reason: /weights\.bin/ },
];
