import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readYaml } from '#src/core/yaml-document.js';
import { findKey, readKeys } from '#src/http/api-keys.js';
import { runCommand } from '../support/command-line.js';

const keysNew = (...args: string[]) => runCommand(['keys', 'new', ...args], { cwd: '.' });

describe('millrace keys new', () => {
  it('prints a key once, and the entry by which the server knows it', async () => {
    const { code, stdout, stderr } = await keysNew('--tenant', 'search', '--scopes', 'infer,jobs');
    assert.equal(code, 0);
    const [key = ''] = stderr.split('\n');
    assert.match(key, /^mk_[\w-]{43}$/);
    assert.ok(!stdout.includes(key));
    const keys = readKeys(stdout);
    // Appended to a file without a newline at its end, the entry must not go on in its last line.
    assert.ok(stdout.startsWith('\n'));
    const found = findKey(keys, key);
    assert.deepEqual([found?.tenant, [...(found?.scopes ?? [])], keys.length], ['search', ['infer', 'jobs'], 1]);
  });

  it('makes another one each time, whose entries are a file together', async () => {
    const args = ['--tenant', '123', '--scopes', 'metrics', '--name', 'Prometheus: "main"', '--expires', '2099-12-31'];
    const [one, two] = [await keysNew(...args), await keysNew(...args)];
    const keys = readKeys(one.stdout + two.stdout);
    assert.deepEqual(
      keys.map(({ tenant, expiresAt }) => [tenant, expiresAt]),
      Array.from({ length: 2 }, () => ['123', Date.UTC(2099, 11, 31)]),
    );
    for (const [index, { stderr }] of [one, two].entries()) {
      assert.equal(findKey(keys, stderr.split('\n')[0] ?? ''), keys[index]);
    }
    const [entry] = readYaml(one.stdout) as { name: string }[];
    assert.equal(entry?.name, 'Prometheus: "main"');
  });

  it('says what is wrong, and makes no key', async () => {
    const { code, stdout, stderr } = await keysNew('--tenant', 'a b', '--scopes', 'infer,all', '--expires', 'soon');
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /^millrace: --tenant: expected letters, .*"a b"$/m);
    assert.match(stderr, /^millrace: --scopes\[1\]: expected one of "infer"\|"jobs".*"all"$/m);
    assert.match(stderr, /^millrace: --expires: expected a day such as .*"soon"$/m);
    assert.doesNotMatch(stderr, /mk_/);
    for (const missing of [
      ['--tenant', 'a'],
      ['--scopes', 'infer'],
    ]) {
      assert.equal((await keysNew(...missing)).code, 2);
    }
  });
});
