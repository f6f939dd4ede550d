import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { aliasesSchema, routedVersion, versionOf } from '#src/serving/version-routing.js';

const REQUESTS = 10_000;

/** How many of the requests each version gets; `newest` are those that go to whichever is the newest. */
function shares(aliases: object, keyOf: (index: number) => string | undefined): Record<string, number> {
  const read = aliasesSchema.parse(aliases);
  const counts: Record<string, number> = {};
  for (let index = 0; index < REQUESTS; index += 1) {
    const version = routedVersion(read, { key: keyOf(index), sequence: index }) ?? 'newest';
    counts[version] = (counts[version] ?? 0) + 1;
  }
  return counts;
}

/** Far enough from the expectation to be wrong: five standard deviations of a binomial count. */
function near(count: number | undefined, share: number): void {
  const allowed = 5 * Math.sqrt(REQUESTS * share * (1 - share));
  assert.ok(
    Math.abs((count ?? 0) - REQUESTS * share) <= allowed,
    `${count} of ${REQUESTS}, expected a share of ${share}`,
  );
}

describe('aliasesSchema', () => {
  it('takes versions, with and without weights', () => {
    assert.deepEqual(aliasesSchema.parse({ stable: 3, canary: { version: '4', weight: 10 } }), {
      stable: { version: '3', weight: 0 },
      canary: { version: '4', weight: 10 },
    });
    assert.deepEqual(aliasesSchema.parse(undefined), {});
  });

  for (const wrong of [
    { latest: 1 },
    { '1': 1 },
    { 'no name': 1 },
    { a: 'b' },
    { a: { version: 1, weight: 101 } },
    { a: { version: 1, weight: 60 }, b: { version: 2, weight: 60 } },
    { a: { version: 1, wait: 1 } },
  ]) {
    it(`refuses ${JSON.stringify(wrong)}`, () => assert.equal(aliasesSchema.safeParse(wrong).success, false));
  }
});

describe('versionOf', () => {
  it('finds aliases alone', () => {
    const aliases = aliasesSchema.parse({ stable: 3 });
    assert.deepEqual(
      ['stable', '3', 'canary', 'toString', '__proto__'].map((name) => versionOf(aliases, name)),
      ['3', ...Array.from({ length: 4 }, () => undefined)],
    );
  });
});

describe('routedVersion', () => {
  it('leaves everything to the newest without aliases, and to stable without weights', () => {
    assert.deepEqual(
      shares({}, () => undefined),
      { newest: REQUESTS },
    );
    assert.deepEqual(
      shares({ old: 1 }, () => undefined),
      { newest: REQUESTS },
    );
    assert.deepEqual(
      shares({ old: 1, stable: 2 }, () => undefined),
      { 2: REQUESTS },
    );
  });

  it('deals requests without a key out by the weights, also few of them', () => {
    const aliases = { stable: 1, canary: { version: 2, weight: 10 }, next: { version: 3, weight: 30 } };
    const counts = shares(aliases, () => undefined);
    for (const [version, share] of [
      ['1', 0.6],
      ['2', 0.1],
      ['3', 0.3],
    ] as const)
      assert.ok(Math.abs((counts[version] ?? 0) - REQUESTS * share) < 5, `${version}: ${counts[version]}`);
    const read = aliasesSchema.parse(aliases);
    for (let first = 0; first < 100; first += 1) {
      const twenty = Array.from({ length: 20 }, (_, index) =>
        routedVersion(read, { key: undefined, sequence: first + index }),
      );
      const canaries = twenty.filter((version) => version === '2').length;
      assert.ok(canaries >= 1 && canaries <= 3, `${canaries} of 20, expected about 2`);
    }
  });

  it('deals keys out by the weights', () => {
    const counts = shares(
      { canary: { version: 2, weight: 10 }, next: { version: 3, weight: 30 } },
      (index) => `tenant-${index}`,
    );
    near(counts['2'], 0.1);
    near(counts['3'], 0.3);
    near(counts['newest'], 0.6);
  });

  it('sends one key to one side, whatever the number of the request', () => {
    const aliases = aliasesSchema.parse({ stable: 1, canary: { version: 2, weight: 50 } });
    for (const key of ['search', 'ads', '', 'ä', 'x'.repeat(256)]) {
      const versions = new Set(Array.from({ length: 50 }, (_, sequence) => routedVersion(aliases, { key, sequence })));
      assert.equal(versions.size, 1, key);
    }
  });

  it('moves only keys to the side whose weight grows, and about as many as it grows by', () => {
    const [before, after] = [10, 25].map((weight) =>
      aliasesSchema.parse({ stable: 1, canary: { version: 2, weight } }),
    );
    assert.ok(before !== undefined && after !== undefined);
    let moved = 0;
    for (let index = 0; index < REQUESTS; index += 1) {
      const route = { key: `client ${index}`, sequence: 0 };
      const was = routedVersion(before, route);
      const is = routedVersion(after, route);
      if (was === is) continue;
      assert.deepEqual([was, is], ['1', '2']);
      moved += 1;
    }
    near(moved, 0.15);
  });

  it('knows no stable side where all is given away', () => {
    const counts = shares(
      { stable: 1, a: { version: 2, weight: 50 }, b: { version: 3, weight: 50 } },
      (index) => `${index}`,
    );
    assert.deepEqual(Object.keys(counts), ['2', '3']);
  });
});
