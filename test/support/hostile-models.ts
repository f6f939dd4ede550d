import { int64, model, node, scalar } from './model-parts.js';
import { type GraphNode, type NamedConstant, type ValueInfo } from './onnx-writer.js';

/* Models that do harm where nothing holds them: on [N, 4], y = 2x + 1 as long as no value is beyond `HARMLESS`. */

/** Values up to here are harmless. Generated rows hold less. */
export const HARMLESS = 1_000;

/** Never returns: a loop that goes on for as long as a value of the batch is too large. */
export const endless = (): Uint8Array => affineAfter(loop, [scalar('limit', HARMLESS)]);

/** Asks for 40,000² floats, 6.4 GB, for a value of the batch that is too large, and for one otherwise. */
export const greedy = (): Uint8Array => affineAfter(allocation, [scalar('limit', HARMLESS), ...sizes]);

/** Never returns, whatever the values. */
export const alwaysEndless = (): Uint8Array => affineAfter(loop, [scalar('limit', Number.NEGATIVE_INFINITY)]);

/** Asks for 6.4 GB, whatever the values. */
export const alwaysGreedy = (): Uint8Array =>
  affineAfter(allocation, [scalar('limit', Number.NEGATIVE_INFINITY), ...sizes]);

const boolean = (name: string): ValueInfo => ({ name, datatype: 'BOOL', shape: [] });
const float = (name: string): ValueInfo => ({ name, datatype: 'FP32', shape: [] });

/** `while (isLarge) nothing = 0 · nothing`, of which `nothing` is 0. */
const loop: readonly GraphNode[] = [
  {
    op: 'Loop',
    inputs: ['', 'is_large', 'zero'],
    outputs: ['nothing'],
    attributes: {
      body: {
        graph: {
          inputs: [{ name: 'turn', datatype: 'INT64', shape: [] }, boolean('goes_on'), float('carried')],
          outputs: [boolean('goes_on_again'), float('carried_on')],
          nodes: [node('Identity', ['goes_on'], 'goes_on_again'), node('Mul', ['carried', 'zero'], 'carried_on')],
        },
      },
    },
  },
];

const sizes: readonly NamedConstant[] = [int64('large_shape', [40_000, 40_000]), int64('small_shape', [1, 1])];

/** The sum of very many zeros, or of one. */
const allocation: readonly GraphNode[] = [
  node('Where', ['is_large', 'large_shape', 'small_shape'], 'shape'),
  node('Expand', ['zero', 'shape'], 'zeros'),
  node('ReduceSum', ['zeros'], 'nothing', { keepdims: { int: 0 } }),
];

/** y = 2x + 1 + nothing, where `harm` makes `nothing` of `is_large` and `zero`. */
function affineAfter(harm: readonly GraphNode[], initializers: readonly NamedConstant[]): Uint8Array {
  const nodes = [
    node('ReduceMax', ['x'], 'largest', { keepdims: { int: 0 } }),
    node('Greater', ['largest', 'limit'], 'is_large'),
    ...harm,
    node('Mul', ['x', 'two'], 'doubled'),
    node('Add', ['doubled', 'one'], 'sum'),
    node('Add', ['sum', 'nothing'], 'y'),
  ];
  return model({ x: ['N', 4] }, { y: ['N', 4] }, nodes, [
    scalar('zero', 0),
    scalar('one', 1),
    scalar('two', 2),
    ...initializers,
  ]);
}
