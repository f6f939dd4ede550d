import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type BatchAxesProposal, proposeBatchAxes } from '#src/model/batch-axes.js';
import type { BatchAxes, Signature, TensorSpec } from '#src/model/signature.js';
import { magika, signature, sileroVad } from '../support/signatures.js';

/** The axes that are proposed, the most probable first. */
function candidatesOf(of: Signature): readonly BatchAxes[] {
  const proposal: BatchAxesProposal = proposeBatchAxes(of);
  assert.equal(proposal.kind, 'candidates');
  return proposal.kind === 'candidates' ? proposal.candidates : [];
}

const rowsFirst: BatchAxes = { inputs: { x: 0 }, outputs: { y: 0 } };

describe('proposeBatchAxes', () => {
  it('takes the symbol that inputs and outputs share, on whatever axis: silero-vad', () => {
    const [first, ...others] = candidatesOf(sileroVad);
    assert.deepEqual(first, { inputs: { input: 0, state: 1, sr: null }, outputs: { output: 0, stateN: 1 } });
    for (const { inputs } of others) assert.equal(inputs['sr'], null, 'a scalar has no batch axis');
  });

  it('takes the free first dimension where the symbols of inputs and outputs differ: magika', () => {
    assert.deepEqual(candidatesOf(magika), [{ inputs: { bytes: 0 }, outputs: { target_label: 0 } }]);
  });

  it('takes the free first dimension where the export gave it no name', () => {
    assert.deepEqual(candidatesOf(signature({ x: [null, 4] }, { y: [null, 4] })), [rowsFirst]);
  });

  it('finds the batch behind the time of a recurrent model', () => {
    const rowsSecond = { inputs: { x: 1 }, outputs: { y: 1 } };
    assert.deepEqual(candidatesOf(signature({ x: [3, 'N', 2] }, { y: [3, 'N', 2] })), [rowsSecond]);
    assert.deepEqual(candidatesOf(signature({ x: ['T', 'N', 2] }, { y: ['T', 'N', 2] }))[0], rowsSecond);
    assert.deepEqual(candidatesOf(signature({ x: [null, 'N', 2] }, { y: [null, 'N', 2] })), [rowsSecond, rowsFirst]);
  });

  it('prefers what is called a batch to what is shared as well', () => {
    const shapes = (batch: string) => signature({ x: ['seq', batch, 8] }, { y: ['seq', batch, 8] });
    for (const name of ['batch', 'batch_size', 'Batch', 'N', 'n', 'dynamic_batch']) {
      const [first] = candidatesOf(shapes(name));
      assert.deepEqual(first, { inputs: { x: 1 }, outputs: { y: 1 } }, name);
    }
  });

  it('prefers the symbol that stands nearest to the front when none is called a batch', () => {
    const transformer = signature(
      { ids: ['INT64', ['s0', 's1']], mask: ['INT64', ['s0', 's1']] },
      { hidden: ['s0', 's1', 384] },
    );
    const [first, second] = candidatesOf(transformer);
    assert.deepEqual(first, { inputs: { ids: 0, mask: 0 }, outputs: { hidden: 0 } });
    assert.deepEqual(second, { inputs: { ids: 1, mask: 1 }, outputs: { hidden: 1 } });
  });

  it('leaves an input out that the whole batch shares', () => {
    const scaled = signature({ x: ['N', 3], scale: [], table: [10, 3] }, { y: ['N', 3] });
    assert.deepEqual(candidatesOf(scaled), [{ inputs: { x: 0, scale: null, table: null }, outputs: { y: 0 } }]);
  });

  it('proposes an input of free size both as shared and as part of the batch', () => {
    const proposed = candidatesOf(signature({ x: ['N', 3], words: ['W', 3] }, { y: ['N', 3] }));
    assert.deepEqual(
      proposed.map(({ inputs }) => inputs),
      [
        { x: 0, words: null },
        { x: 0, words: 0 },
      ],
    );
  });

  it('says that an output has no batch axis when its first dimension is fixed', () => {
    const hidden = signature({ x: ['N', 3] }, { y: [3, 'columns'], table: [10, 2] });
    assert.deepEqual(candidatesOf(hidden), [{ inputs: { x: 0 }, outputs: { y: null, table: null } }]);
  });

  it('takes the free first dimension of an output that goes by another symbol', () => {
    const [first] = candidatesOf(signature({ x: ['N', 3] }, { y: ['N', 2], z: ['unk__7', 2], fixed: [5] }));
    assert.deepEqual(first, { inputs: { x: 0 }, outputs: { y: 0, z: 0, fixed: null } });
  });

  it('does not propose the same axes twice', () => {
    assert.deepEqual(candidatesOf(signature({ x: ['batch', 'seq'] }, { y: ['batch', 'seq'] })), [rowsFirst]);
  });

  it('keeps names that objects have already', () => {
    const odd = signature({ constructor: ['N', 4], 'serving_default/x:0': ['N', 4] }, { toString: ['N', 4] });
    const [first] = candidatesOf(odd);
    assert.deepEqual(first, { inputs: { constructor: 0, 'serving_default/x:0': 0 }, outputs: { toString: 0 } });
  });
});

describe('proposeBatchAxes for exports without a free batch', () => {
  it('takes a first dimension of 1 for a batch of one, scalars and vectors aside', () => {
    const single = signature(
      { image: [1, 3, 224, 224], threshold: [], sizes: [2] },
      { boxes: ['count', 4], scores: [1, 10], labels: [1] },
    );
    assert.deepEqual(proposeBatchAxes(single), {
      kind: 'fixedAtOne',
      axes: {
        inputs: { image: 0, threshold: null, sizes: null },
        outputs: { boxes: 0, scores: 0, labels: null },
      },
    });
  });

  it('takes a first dimension of 1 for a batch of one also where other dimensions are free', () => {
    const proposal = proposeBatchAxes(signature({ x: [1, 'seq'] }, { y: [1, 'seq', 8] }));
    assert.deepEqual(proposal, { kind: 'fixedAtOne', axes: rowsFirst });
  });

  const without: [name: string, signature: Signature][] = [
    ['exactly four rows', signature({ x: [4, 2] }, { y: [4, 2] })],
    ['a scalar', signature({ x: [] }, { y: [] })],
    ['a vector of one', signature({ x: [1] }, { y: [1] })],
    ['a vector of fixed size', signature({ x: [16] }, { y: [4] })],
    ['one input of a single row and one of several', signature({ x: [1, 4], y: [2, 4] }, { z: [1, 4] })],
    ['a free dimension that the output does not have', signature({ x: [3, 'width'] }, { y: [3, 4] })],
  ];
  for (const [name, of] of without) {
    it(`finds no batch axis in ${name}, and says why`, () => {
      const { reason, ...proposal } = proposeBatchAxes(of) as Extract<BatchAxesProposal, { kind: 'none' }>;
      assert.deepEqual(proposal, { kind: 'none', axes: { inputs: noAxes(of.inputs), outputs: noAxes(of.outputs) } });
      assert.match(reason, /dimension/);
    });
  }
});

function noAxes(specs: readonly TensorSpec[]): Record<string, null> {
  return Object.fromEntries(specs.map(({ name }) => [name, null]));
}
