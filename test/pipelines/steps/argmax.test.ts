import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { StepError, type Value } from '#src/pipelines/step.js';
import { anyOfKind, type ValueType } from '#src/pipelines/value-type.js';
import type { Tensor } from '#src/tensor/tensor.js';
import { buildStep } from '../../support/built-steps.js';
import { propertyRuns } from '../../support/property-runs.js';
import { fp32, int64 } from '../../support/tensors.js';

const { NaN: nan } = Number;

function tensorOf(datatype: Tensor['datatype'] | undefined, shape: number[] | undefined): ValueType {
  return { kind: 'tensor', datatype, shape };
}

async function argmaxOf(value: Value, type: ValueType, axis?: number): Promise<Tensor> {
  const { run } = await buildStep(axis === undefined ? ['argmax'] : ['argmax', axis], { given: type });
  return run(value) as Tensor;
}

describe('argmax', () => {
  // The examples of numpy's documentation.
  const six = fp32([2, 3], 10, 11, 12, 13, 14, 15);
  const axes: [axis: number | undefined, expected: Tensor][] = [
    [undefined, int64([2], 2, 2)],
    [-1, int64([2], 2, 2)],
    [1, int64([2], 2, 2)],
    [0, int64([3], 1, 1, 1)],
    [-2, int64([3], 1, 1, 1)],
  ];
  for (const [axis, expected] of axes) {
    it(`gives places along axis ${axis ?? '(none named)'}`, async () => {
      const type = tensorOf('FP32', [2, 3]);
      const { gives } = await buildStep(['argmax', axis ?? -1], { given: type });
      assert.deepEqual(gives, tensorOf('INT64', [...expected.shape]));
      assert.deepEqual(await argmaxOf(six, type, axis), expected);
    });
  }

  const vectors: [name: string, tensor: Tensor, place: number][] = [
    ['the first of equal ones', fp32([6], 0, 5, 2, 3, 4, 5), 1],
    ['the first NaN, which is greater than any', fp32([4], 1, nan, 3, nan), 1],
    ['a NaN in front', fp32([2], nan, 7), 0],
    ['the greatest of negative ones', fp32([3], -3, -1, Number.NEGATIVE_INFINITY), 1],
    ['the first of -0 and 0, which are equal', fp32([2], -0, 0), 0],
    [
      'of half floats by what they stand for',
      { datatype: 'FP16', shape: [3], data: Uint16Array.of(0xbc00, 0x3c00, 1) },
      1,
    ],
    [
      'of big integers by all their digits',
      { datatype: 'INT64', shape: [2], data: BigInt64Array.of(2n ** 62n, 2n ** 62n + 1n) },
      1,
    ],
    ['of truths', { datatype: 'BOOL', shape: [3], data: Uint8Array.of(0, 1, 1) }, 1],
  ];
  for (const [name, tensor, place] of vectors) {
    it(`finds ${name}`, async () => {
      assert.deepEqual(await argmaxOf(tensor, tensorOf(tensor.datatype, [...tensor.shape])), int64([], place));
    });
  }

  it('takes scores', async () => {
    for (const scores of [Float32Array.of(0.1, 0.7, 0.2), [0.1, 0.7, 0.2]]) {
      assert.deepEqual(await argmaxOf(scores, { kind: 'scores', count: 3 }), int64([], 1));
    }
    const { gives } = await buildStep(['argmax'], { given: anyOfKind('scores') });
    assert.deepEqual(gives, tensorOf('INT64', []));
  });

  it('refuses at load an axis that there is not, one without elements, and text', async () => {
    const refused: [ValueType, number, string][] = [
      [tensorOf('FP32', [2, 3]), 2, 'there is no axis 2 in tensor FP32[2, 3]'],
      [tensorOf('FP32', [2, 3]), -3, 'there is no axis -3 in tensor FP32[2, 3]'],
      [tensorOf('FP32', []), -1, 'there is no axis -1 in tensor FP32[]'],
      [{ kind: 'scores', count: 3 }, 1, 'there is no axis 1 in scores of 3 classes'],
      [tensorOf('FP32', [2, 0]), 1, 'axis 1 of tensor FP32[2, 0] has no elements'],
      [tensorOf('BYTES', [2]), 0, 'expected numbers; given tensor BYTES[2]'],
    ];
    for (const [type, axis, message] of refused) {
      await assert.rejects(buildStep(['argmax', axis], { given: type }), new StepError(message));
    }
  });

  it('finds out when it runs what was not known before', async () => {
    const unknown = anyOfKind('tensor');
    assert.deepEqual((await buildStep(['argmax', 0], { given: unknown })).gives, tensorOf('INT64', undefined));
    assert.deepEqual(await argmaxOf(six, unknown, 0), int64([3], 1, 1, 1));
    const wrong: [Tensor, string][] = [
      [fp32([]), 'axis 0 of [] has no elements'],
      [fp32([0, 2]), 'axis 0 of [0, 2] has no elements'],
      [{ datatype: 'BYTES', shape: [1], data: ['a'] }, 'expected numbers; the tensor holds text'],
    ];
    for (const [tensor, message] of wrong) await assert.rejects(argmaxOf(tensor, unknown, 0), { message });
  });

  it('is the first place of the maximum, along every axis', async () => {
    const cases = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }).chain((shape) => {
      const count = shape.reduce((product, size) => product * size, 1);
      const values = fc.array(fc.integer({ min: -3, max: 3 }), { minLength: count, maxLength: count });
      return fc.record({ shape: fc.constant(shape), values, axis: fc.nat({ max: shape.length - 1 }) });
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ shape, values, axis }) => {
        const { shape: rest, data } = await argmaxOf(fp32(shape, ...values), tensorOf('FP32', shape), axis);
        assert.deepEqual(rest, shape.toSpliced(axis, 1));
        // Every element by its indices: which one it is along the axis, and which line along it it belongs to.
        const lines = new Map<string, number[]>();
        for (const [at, value] of values.entries()) {
          const indices = indicesOf(at, shape);
          const line = indices.toSpliced(axis, 1).join();
          lines.set(line, [...(lines.get(line) ?? []), value]);
        }
        const expected = [...data].map((_, at) => {
          const line = lines.get(indicesOf(at, rest).join()) as number[];
          return BigInt(line.indexOf(Math.max(...line)));
        });
        assert.deepEqual([...data], expected);
      }),
      propertyRuns(200),
    );
  });
});

function indicesOf(at: number, shape: readonly number[]): number[] {
  return shape.map((size, axis) => {
    const inner = shape.slice(axis + 1).reduce((product, each) => product * each, 1);
    return Math.floor(at / inner) % size;
  });
}
