import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { compilePipeline } from '#src/pipelines/compile-pipeline.js';
import { explain } from '#src/pipelines/pipeline.js';
import { pipelineSchema } from '#src/pipelines/pipeline-config.js';
import { StepError, type StepKind, stepKind } from '#src/pipelines/step.js';
import { fakeContext, fakeKind } from '../support/steps.js';

const vector = { kind: 'tensor', datatype: 'FP32', shape: [4] } as const;
const kinds = {
  'upper.mjs': fakeKind('upper.mjs', { takes: 'text', gives: 'text' }),
  'embed.mjs': fakeKind('embed.mjs', { takes: ['text', 'record'], gives: vector }),
  'read.mjs': fakeKind('read.mjs', { takes: 'bytes', gives: 'text', answers: { kind: 'labels' } }),
  'long.mjs': fakeKind('long.mjs', { takes: 'text', gives: { ...vector, shape: [5] } }),
  'ints.mjs': fakeKind('ints.mjs', { takes: 'text', gives: { ...vector, datatype: 'INT64' } }),
  'pair.mjs': fakeKind('pair.mjs', { takes: 'text', gives: { kind: 'tensors', tensors: { x: vector, z: vector } } }),
  'paint.mjs': fakeKind('paint.mjs', { takes: 'image', gives: vector }),
  'name.mjs': fakeKind('name.mjs', { takes: 'tensor', gives: 'labels' }),
  'pick.mjs': fakeKind('pick.mjs', { takes: 'tensors', gives: 'tensor' }),
  'picky.mjs': stepKind({
    ...fakeKind('picky.mjs', { takes: 'text', gives: 'text' }),
    options: z.strictObject({ size: z.int() }),
    resolve: () => {
      throw new StepError('a size of 3 is odd');
    },
  }),
} satisfies Record<string, StepKind>;

const compile = (yaml: object, context = fakeContext(kinds)) => compilePipeline(pipelineSchema.parse(yaml), context);

describe('compilePipeline', () => {
  it('makes one chain for each kind of item that the first step takes, up to the inputs by name', async () => {
    const { preprocess, postprocess } = await compile({ preprocess: ['embed.mjs'], postprocess: ['name.mjs'] });
    assert.deepEqual([...preprocess.keys()], ['text', 'record']);
    assert.deepEqual(preprocess.get('text')?.gives, {
      kind: 'tensors',
      tensors: { x: { datatype: 'FP32', shape: [4] } },
    });
    assert.deepEqual(postprocess.gives, { kind: 'labels' });
  });

  it('takes the only output out of its name for a step that wants one tensor, and not for one that wants all', async () => {
    const steps = async (yaml: object) => (await compile(yaml)).postprocess.explanation.map(({ step }) => step);
    assert.deepEqual(await steps({ postprocess: ['name.mjs'] }), ['output y', 'name.mjs']);
    assert.deepEqual(await steps({ postprocess: ['pick.mjs', 'name.mjs'] }), ['pick.mjs', 'name.mjs']);
  });

  it('takes what the model takes where there is no preprocessing', async () => {
    const { preprocess } = await compile({ postprocess: ['name.mjs'] });
    assert.deepEqual([...preprocess.keys()], ['tensors']);
  });

  it('lets kinds of items go different ways first', async () => {
    const fork = { by_type: { bytes: ['read.mjs'], text: ['upper.mjs', { 'upper.mjs': 2 }] } };
    const pipeline = await compile({ preprocess: [fork, 'embed.mjs'], postprocess: ['name.mjs'] });
    const { preprocess } = explain(pipeline);
    assert.deepEqual(
      Object.entries(preprocess).map(([kind, { steps }]) => [kind, ...steps.map(({ step }) => step)]),
      [
        ['bytes', 'read.mjs', 'embed.mjs', 'input x'],
        ['text', 'upper.mjs', 'upper.mjs', 'embed.mjs', 'input x'],
      ],
    );
  });

  it('explains what flows where', async () => {
    const { preprocess } = await compile({ preprocess: ['upper.mjs', 'embed.mjs'] });
    assert.deepEqual(preprocess.get('text')?.explanation, [
      { step: 'upper.mjs', takes: 'text', gives: 'text' },
      { step: 'embed.mjs', takes: 'text', gives: 'tensor FP32[4]' },
      { step: 'input x', takes: 'tensor FP32[4]', gives: 'tensors x FP32[4]' },
    ]);
  });

  it('puts neighbours into one that can work in one', async () => {
    const second = fakeKind('b.mjs', { takes: 'text', gives: 'text', name: 'b' });
    const first = fakeKind('a.mjs', {
      takes: 'text',
      gives: 'text',
      fuse: (next) => (next.name === 'b' ? { ...next, name: 'a + b' } : undefined),
    });
    const own = { ...kinds, 'a.mjs': first, 'b.mjs': second };
    const { preprocess } = await compile({ preprocess: ['a.mjs', 'b.mjs', 'embed.mjs'] }, fakeContext(own));
    const chain = preprocess.get('text');
    assert.deepEqual(
      chain?.steps.map(({ name }) => name),
      ['a + b', 'embed.mjs', 'input x'],
    );
    assert.equal(chain?.explanation.length, 4);
  });
});

describe('a pipeline that does not fit together', () => {
  const cases: Record<string, [object, RegExp]> = {
    'a step that takes something else': [
      { preprocess: ['embed.mjs', 'upper.mjs'] },
      /^pipeline\.preprocess\[1\]: upper\.mjs takes text; embed\.mjs, before it, gives tensor FP32\[4\]$/,
    ],
    'a first step that takes what no client can send': [
      { preprocess: ['paint.mjs'] },
      /^pipeline\.preprocess\[0\]: paint\.mjs takes image, and a client can send bytes or text/,
    ],
    'a last step that gives no tensor': [
      { preprocess: ['upper.mjs'] },
      /^pipeline\.preprocess: the last step gives text; the model takes tensors x FP32\[4\]/,
    ],
    'another shape than the model’s': [
      { preprocess: ['long.mjs'] },
      /the last step gives FP32\[5\] for x; the model takes FP32\[4\]/,
    ],
    'another datatype than the model’s': [{ preprocess: ['ints.mjs'] }, /gives INT64\[4\] for x; the model takes FP32/],
    'other inputs than the model’s': [
      { preprocess: ['pair.mjs'] },
      /gives tensors x FP32\[4\], z FP32\[4\]; the model/,
    ],
    'a step that is not known': [{ postprocess: ['sofmax'] }, /^pipeline\.postprocess\[0\]: there is no step sofmax/],
    'options that are not known': [
      { preprocess: [{ 'upper.mjs': { tims: 2 } }] },
      /^pipeline\.preprocess\[0\]\.upper\.mjs\.tims: unknown key \(did you mean times\?\); expected times$/,
    ],
    'an option of the wrong kind': [
      { preprocess: [{ 'upper.mjs': 'x' }] },
      /^pipeline\.preprocess\[0\]\.upper\.mjs\.times: expected .*; got the string "x"$/,
    ],
    'options that don’t go together': [
      { preprocess: [{ 'picky.mjs': { size: 3 } }] },
      /^pipeline\.preprocess\[0\]: picky\.mjs: a size of 3 is odd$/,
    ],
    'two steps in one entry': [{ preprocess: [{ a: 1, b: 2 }] }, /^pipeline\.preprocess\[0\]: expected the name of a/],
    'a fork that is not the first': [
      { preprocess: ['upper.mjs', { by_type: { text: [] } }] },
      /^pipeline\.preprocess\[1\]: by_type can only be the first/,
    ],
    'a fork of no ways': [{ preprocess: [{ by_type: [] }] }, /^pipeline\.preprocess\[0\]: by_type takes a mapping/],
    'a fork by what no client can send': [
      { preprocess: [{ by_type: { scores: [] } }] },
      /^pipeline\.preprocess\[0\]\.by_type\.scores: expected one of bytes, text/,
    ],
    'a way that is no list': [
      { preprocess: [{ by_type: { text: 'upper.mjs' } }] },
      /^pipeline\.preprocess\[0\]\.by_type\.text: expected a list/,
    ],
    'an early answer of another kind': [
      { preprocess: ['read.mjs', 'embed.mjs'] },
      /^pipeline: read\.mjs may answer with labels, but the postprocessing gives tensors$/,
    ],
    'code that is not there': [{ preprocess: ['mine.mjs'] }, /^pipeline\.preprocess\[0\]: mine\.mjs is code$/],
  };
  for (const [what, [yaml, message]] of Object.entries(cases)) {
    it(`is told by its place: ${what}`, async () => {
      await assert.rejects(compile(yaml), { message });
    });
  }
});
