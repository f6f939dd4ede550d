import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { describe, it, type TestContext } from 'node:test';
import { findKey, newKey, readKeys } from '#src/http/api-keys.js';
import { keysFile, testKey } from '../support/keys.js';

const hash = 'a'.repeat(64);
const entry = `{ tenant: t, sha256: ${hash}, scopes: [infer] }`;

describe('readKeys', () => {
  it('reads a list of entries, with and without what may be left out', () => {
    const [first, second, third, ...others] = readKeys(`
# Two of one tenant, for rotation.
- name: the old one
  tenant: search-team
  sha256: ${'0'.repeat(63)}a
  scopes: [infer, jobs]
  expires: 2027-01-31
- { tenant: search-team, sha256: ${hash.toUpperCase()}, scopes: [metrics], expires: "2027-01-31T12:00:00+02:00" }
- { tenant: x, sha256: ${'b'.repeat(64)}, scopes: [admin] }
`);
    assert.deepEqual(others, []);
    assert.deepEqual(
      [first, second, third].map((key) => [key?.tenant, [...(key?.scopes ?? [])], key?.expiresAt]),
      [
        ['search-team', ['infer', 'jobs'], Date.UTC(2027, 0, 31)],
        ['search-team', ['metrics'], Date.UTC(2027, 0, 31, 10)],
        ['x', ['admin'], Number.POSITIVE_INFINITY],
      ],
    );
    assert.deepEqual(second?.digest, Buffer.alloc(32, 0xaa));
  });

  it('takes a list without keys, but no file without a list', () => {
    assert.deepEqual(readKeys('[]'), []);
    for (const text of ['', '# none yet', 'keys: []', '42'])
      assert.throws(() => readKeys(text), /expected array/, text);
  });

  const mistakes: Record<string, [text: string, message: RegExp]> = {
    'a hash that is none': ['[{ tenant: t, sha256: abc, scopes: [infer] }]', /^\[0\]\.sha256: expected the SHA-256/],
    'no tenant': [`[{ sha256: ${hash}, scopes: [infer] }]`, /^\[0\]\.tenant: expected string/],
    'a tenant with a slash': [
      `[{ tenant: a/b, sha256: ${hash}, scopes: [infer] }]`,
      /^\[0\]\.tenant: expected letters/,
    ],
    'no scopes': [`[{ tenant: t, sha256: ${hash}, scopes: [] }]`, /^\[0\]\.scopes: /],
    'a scope that is none': [`[{ tenant: t, sha256: ${hash}, scopes: [public] }]`, /^\[0\]\.scopes\[0\]: .*"metrics"/],
    'a day that is none': [`[{ tenant: t, sha256: ${hash}, scopes: [infer], expires: 2027-02-30 }]`, /expires: .*day/],
    'an unknown setting': [`[{ tenant: t, sha256: ${hash}, scope: [infer] }]`, /^\[0\]\.scopes: |expected only name/],
    'one key twice': [`[${entry}, ${entry}]`, /^\[1\]\.sha256: expected another key than that of \[0\]$/],
    'what is not YAML': ['- tenant: [', /^not YAML that this server takes: at line 1, column \d+$/],
    'a file that is too large': ['#'.repeat(100_000), /the file is larger than 65536 bytes/],
  };
  for (const [what, [text, message]] of Object.entries(mistakes)) {
    it(`says where there is ${what}`, () => assert.throws(() => readKeys(text), { message }));
  }

  it('never repeats what stands in the file, which may be a key in a wrong place', () => {
    const secret = 'mk_secret';
    for (const text of [
      secret,
      `- ${secret}`,
      `- ${secret}: { scopes: [infer] }`,
      `[{ tenant: t, sha256: ${secret}, scopes: [infer] }]`,
      `[{ tenant: t, sha256: ${hash}, scopes: [${secret}], expires: ${secret} }]`,
      `[{ tenant: "${secret} ", sha256: ${hash}, scopes: [infer] }]`,
      `[{ tenant: t, sha256: ${hash}, scopes: [infer], ${secret}: 1 }]`,
      `- *${secret}`,
      `- !${secret} x`,
      `- "${secret}`,
      `${secret}: 1\n${secret}: 2`,
      `- @${secret}`,
    ]) {
      assert.throws(
        () => readKeys(text),
        (error: Error) => {
          assert.doesNotMatch(`${error.message}${JSON.stringify(error)}${String(error.cause)}`, /secret/, text);
          return true;
        },
      );
    }
  });
});

/** Counts the comparisons in constant time, and how many bytes were compared. */
function watchComparisons(t: TestContext): () => number[] {
  const { mock } = t.mock.method(crypto, 'timingSafeEqual');
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
  return () => {
    const lengths = mock.calls.flatMap(({ arguments: compared }) => compared.map(({ byteLength }) => byteLength));
    mock.resetCalls();
    return lengths;
  };
}

describe('findKey', () => {
  const all = ['one', 'two', 'three'].map((name) => testKey(name));
  const keys = readKeys(keysFile(...all));

  it('finds each of several keys, and none for anything else', () => {
    for (const { key, entry } of all) assert.equal(findKey(keys, key)?.tenant, entry.tenant);
    for (const other of ['', 'mk_test-', 'mk_test-one ', 'mk_test-oneone', all[0]?.entry.sha256 ?? '']) {
      assert.equal(findKey(keys, other), undefined, other);
    }
    assert.equal(findKey([], 'mk_test-one'), undefined);
  });

  it('compares every key in constant time, whatever was sent and whichever fits', (t) => {
    const comparisons = watchComparisons(t);
    for (const sent of ['mk_test-one', 'mk_test-three', '', 'x', 'x'.repeat(10_000)]) {
      findKey(keys, sent);
      assert.deepEqual(comparisons(), [32, 32, 32, 32, 32, 32], sent.slice(0, 20));
    }
  });
});

describe('newKey', () => {
  it('makes 256 random bits, and the hash by which they are known', () => {
    const [one, two] = [newKey(), newKey()];
    assert.match(one.key, /^mk_[\w-]{43}$/);
    assert.notEqual(one.key, two.key);
    assert.equal(one.sha256, crypto.createHash('sha256').update(one.key).digest('hex'));
  });
});
