import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { holdsMoreThan, MAX_CONTAINERS, MAX_NESTING, nestsDeeperThan } from '#src/core/nesting.js';

/** How deep a parsed value nests, by walking it: no scanner of bytes. */
function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

/** How many arrays and objects a parsed value holds, itself among them. */
function containersIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Object.values(value).reduce((sum: number, each) => sum + containersIn(each), 0);
}

/** Strings full of what a careless scanner takes for structure. */
const trickyText = fc.string({ unit: fc.constantFrom('[', ']', '{', '}', '"', '\\', ',', ':', '\n', 'é', '\u2028') });

const { document } = fc.letrec((tie) => ({
  document: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    fc.oneof(trickyText, fc.integer(), fc.boolean(), fc.constant(null)),
    fc.array(tie('document'), { maxLength: 4 }),
    fc.dictionary(trickyText, tie('document'), { maxKeys: 4 }),
  ),
}));

const bytes = (text: string) => Buffer.from(text);
const nested = (depth: number) => bytes('['.repeat(depth) + ']'.repeat(depth));

describe('nestsDeeperThan', () => {
  it('agrees with the depth of the parsed document, whatever its strings hold', () => {
    fc.assert(
      fc.property(document, fc.nat({ max: 8 }), fc.constantFrom(0, 2), (value, limit, indent) => {
        const text = JSON.stringify(value, undefined, indent);
        assert.equal(nestsDeeperThan(bytes(text), limit), depthOf(JSON.parse(text)) > limit);
      }),
      { numRuns: 1000 },
    );
  });

  it('takes the limit itself and refuses one more', () => {
    assert.equal(nestsDeeperThan(nested(MAX_NESTING)), false);
    assert.equal(nestsDeeperThan(nested(MAX_NESTING + 1)), true);
  });

  it('adds up brackets and braces', () => {
    assert.equal(nestsDeeperThan(bytes('[{"a":[{}]}]'), 4), false);
    assert.equal(nestsDeeperThan(bytes('[{"a":[{}]}]'), 3), true);
  });

  it('does not take many brackets side by side for depth', () => {
    assert.equal(nestsDeeperThan(bytes(`[${'[],'.repeat(1000)}[]]`), 2), false);
  });

  it('ends with a million levels, and with texts that are cut off', () => {
    assert.equal(nestsDeeperThan(bytes('['.repeat(1_000_000))), true);
    assert.equal(nestsDeeperThan(bytes(`[1,${'['.repeat(100)}`)), true);
    assert.equal(nestsDeeperThan(bytes(`"${'['.repeat(100)}\\`)), false);
    assert.equal(nestsDeeperThan(bytes('')), false);
  });

  it('finds depth behind an escaped backslash that ends a string', () => {
    const text = `["\\\\",${'['.repeat(3)}${']'.repeat(3)}]`;
    assert.equal(depthOf(JSON.parse(text)), 4);
    assert.equal(nestsDeeperThan(bytes(text), 3), true);
  });
});

describe('holdsMoreThan', () => {
  it('agrees with the arrays and objects of the parsed document, whatever its strings hold', () => {
    fc.assert(
      fc.property(document, fc.nat({ max: 12 }), fc.constantFrom(0, 2), (value, limit, indent) => {
        const text = JSON.stringify(value, undefined, indent);
        assert.equal(holdsMoreThan(bytes(text), limit), containersIn(JSON.parse(text)) > limit);
      }),
      { numRuns: 1000 },
    );
  });

  it('takes 200,000 and refuses one more, of both kinds and at any depth', () => {
    assert.equal(MAX_CONTAINERS, 200_000);
    assert.equal(holdsMoreThan(bytes(`[${'{},'.repeat(199_998)}[]]`)), false);
    assert.equal(holdsMoreThan(bytes(`[${'{},'.repeat(199_999)}[]]`)), true);
    assert.equal(holdsMoreThan(bytes(`[${'[{}],'.repeat(99_999)}[[]]]`)), true);
  });

  it('does not count brackets in strings', () => {
    assert.equal(holdsMoreThan(bytes(`["${'[{'.repeat(150_000)}", "\\"${'{'.repeat(300_000)}"]`)), false);
  });
});
