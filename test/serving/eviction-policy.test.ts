import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decideEviction, decideExpiry, type Resident } from '#src/serving/eviction-policy.js';
import { propertyRuns } from '../support/property-runs.js';

interface Named extends Resident {
  readonly name: string;
}

const resident = (name: string, values: Partial<Resident> = {}): Named => ({
  name,
  bytes: 10,
  loadedAt: 0,
  lastUsedAt: 0,
  isPinned: false,
  isLeaving: false,
  ttlMs: undefined,
  ...values,
});

const ask = (residents: readonly Named[], values: { neededBytes?: number; now?: number; budgetBytes?: number } = {}) =>
  decideEviction({ now: 1_000, budgetBytes: 30, neededBytes: 10, residents, minResidencyMs: 100, ...values });

const names = (decision: ReturnType<typeof ask>) =>
  decision.kind === 'evict' ? decision.victims.map(({ name }) => name) : decision.kind;

describe('decideEviction', () => {
  it('lets in what fits', () => {
    assert.deepEqual(ask([resident('a'), resident('b')]), { kind: 'fits' });
    assert.deepEqual(ask([]), { kind: 'fits' });
  });

  it('evicts the one that was used longest ago', () => {
    const three = [
      resident('a', { lastUsedAt: 3 }),
      resident('b', { lastUsedAt: 1 }),
      resident('c', { lastUsedAt: 2 }),
    ];
    assert.deepEqual(names(ask(three)), ['b']);
    assert.deepEqual(names(ask(three, { neededBytes: 20 })), ['b', 'c']);
  });

  it('spares small ones where a large one is enough', () => {
    const small = resident('small', { bytes: 2, lastUsedAt: 1 });
    const large = resident('large', { bytes: 28, lastUsedAt: 2 });
    assert.deepEqual(names(ask([small, large])), ['large']);
  });

  it('never evicts a pinned one, and says when those leave too little', () => {
    const pinned = resident('pinned', { bytes: 15, isPinned: true });
    const other = resident('other', { bytes: 15, lastUsedAt: 9 });
    assert.deepEqual(names(ask([pinned, other])), ['other']);
    assert.deepEqual(ask([pinned, other], { neededBytes: 16 }), { kind: 'never', availableBytes: 15 });
  });

  it('waits for one that has just come', () => {
    const full = [resident('new', { bytes: 30, loadedAt: 950 })];
    assert.deepEqual(ask(full), { kind: 'wait', until: 1_050 });
    assert.deepEqual(names(ask(full, { now: 1_050 })), ['new']);
  });

  it('waits for those that are leaving, and evicts no more than they leave missing', () => {
    const leaving = resident('leaving', { bytes: 15, isLeaving: true });
    const other = resident('other', { bytes: 15 });
    assert.deepEqual(ask([leaving, other]), { kind: 'wait', until: undefined });
    assert.deepEqual(names(ask([leaving, other], { neededBytes: 20 })), ['other']);
  });

  it('keeps the budget, with as few victims as their order allows', () => {
    const bytes = fc.integer({ min: 1, max: 40 });
    const residents = fc.array(
      fc.record({
        bytes,
        lastUsedAt: fc.nat(50),
        isPinned: fc.boolean(),
        isLeaving: fc.boolean(),
        loadedAt: fc.nat(99),
      }),
      { maxLength: 8 },
    );
    const property = fc.property(
      residents,
      bytes,
      fc.integer({ min: 1, max: 200 }),
      (values, neededBytes, budgetBytes) => {
        const all = values.map((each, index) => resident(`${index}`, each));
        const decision = decideEviction({ now: 100, budgetBytes, neededBytes, residents: all, minResidencyMs: 50 });
        const held = (kept: readonly Named[]) => kept.reduce((sum, each) => sum + each.bytes, neededBytes);
        if (decision.kind === 'fits') assert.ok(held(all) <= budgetBytes);
        if (decision.kind === 'never')
          assert.ok(held(all.filter(({ isPinned, isLeaving }) => isPinned && !isLeaving)) > budgetBytes);
        if (decision.kind === 'wait') assert.ok(held(all) > budgetBytes);
        if (decision.kind !== 'evict') return;
        const { victims } = decision;
        assert.ok(victims.every((victim) => !victim.isPinned && !victim.isLeaving && victim.loadedAt <= 50));
        const staying = all.filter((each) => !each.isLeaving && !victims.includes(each));
        assert.ok(held(staying) <= budgetBytes, 'the budget is kept');
        for (const victim of victims) assert.ok(held([...staying, victim]) > budgetBytes, 'each victim is needed');
      },
    );
    fc.assert(property, propertyRuns(2_000));
  });
});

describe('decideExpiry', () => {
  it('finds those that were not used for their time, and when to look again', () => {
    const all = [
      resident('expired', { lastUsedAt: 500, ttlMs: 500 }),
      resident('later', { lastUsedAt: 900, ttlMs: 200 }),
      resident('for ever', { lastUsedAt: 1 }),
      resident('pinned', { lastUsedAt: 1, ttlMs: 1, isPinned: true }),
      resident('leaving', { lastUsedAt: 1, ttlMs: 1, isLeaving: true }),
    ];
    const { expired, nextAt } = decideExpiry(1_000, all);
    assert.deepEqual([expired.map(({ name }) => name), nextAt], [['expired'], 1_100]);
    assert.equal(decideExpiry(1_000, []).nextAt, Number.POSITIVE_INFINITY);
  });
});
