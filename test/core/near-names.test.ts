import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { didYouMean, nearNames } from '#src/core/near-names.js';

const models = ['penguins', 'lande', 'symbols', 'silero-vad', 'magika'];
const name = fc.stringMatching(/^[a-z0-9][a-z0-9_.-]{0,30}$/);
const letter = fc.constantFrom('a', 'k', 'z', '0', '-');

describe('nearNames', () => {
  it('finds the name that was meant', () => {
    assert.deepEqual(nearNames('pengiuns', models), ['penguins']);
    assert.deepEqual(nearNames('LANDE', models), ['lande']);
    assert.deepEqual(nearNames('silero_vad', models), ['silero-vad']);
  });

  it('finds nothing when nothing is near', () => {
    assert.deepEqual(nearNames('resnet50', models), []);
    assert.deepEqual(nearNames('', models), []);
    assert.deepEqual(nearNames('penguins', []), []);
  });

  it('allows one edit in a short name, and a third of a long one', () => {
    assert.deepEqual(nearNames('b', ['a', 'ab', 'abc']), ['a', 'ab']);
    assert.deepEqual(nearNames('abcdXX', ['abcdef']), ['abcdef']);
    assert.deepEqual(nearNames('abcXXX', ['abcdef']), []);
  });

  it('gives at most three, the nearest first', () => {
    const known = ['model-xyz', 'model-xy', 'model-ab', 'model-a', 'model'];
    assert.deepEqual(nearNames('model-a', known), ['model-a', 'model-ab', 'model-xy']);
  });

  it('finds every name that is one edit away', () => {
    fc.assert(
      fc.property(name, fc.nat(), letter, fc.constantFrom(0, 1), fc.boolean(), (known, seed, char, cut, insert) => {
        const at = seed % known.length;
        const typed = known.slice(0, at) + (insert ? char : '') + known.slice(at + cut);
        assert.deepEqual(nearNames(typed, [known]), [known]);
      }),
    );
  });

  it('looks at the beginning of a name that is far too long', () => {
    const known = 'x'.repeat(128);
    assert.deepEqual(nearNames('x'.repeat(1_000_000), [known]), [known]);
  });
});

describe('didYouMean', () => {
  it('is a remark, or nothing', () => {
    assert.equal(didYouMean('b', ['a', 'ab']), ' (did you mean a, ab?)');
    assert.equal(didYouMean('resnet50', models), '');
  });
});
