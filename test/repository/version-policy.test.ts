import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compareVersions, selectVersions, versionsSchema } from '#src/repository/version-policy.js';

const present = ['10', '2', '1', '9'];

describe('selectVersions', () => {
  it('serves the latest by default', () => {
    assert.deepEqual(selectVersions(versionsSchema.parse(undefined), present), { serve: ['10'], missing: [] });
  });

  it('serves the latest few, oldest first, or all that there are', () => {
    assert.deepEqual(selectVersions({ latest: 3 }, present).serve, ['2', '9', '10']);
    assert.deepEqual(selectVersions({ latest: 9 }, present).serve, ['1', '2', '9', '10']);
    assert.deepEqual(selectVersions('all', present).serve, ['1', '2', '9', '10']);
    assert.deepEqual(selectVersions({ latest: 1 }, []), { serve: [], missing: [] });
  });

  it('serves those that are listed, as numbers or text, and says which are not there', () => {
    assert.deepEqual(selectVersions([9, '1', 9, '9', 3, '11'], present), { serve: ['1', '9'], missing: ['3', '11'] });
  });

  it('leaves the list of what is there as it was', () => {
    const list = [...present];
    selectVersions('all', list);
    assert.deepEqual(list, present);
  });

  it('tells versions apart that no number can hold', () => {
    const [older, newer] = ['90071992547409930000000000', '90071992547409930000000001'];
    assert.deepEqual(selectVersions({ latest: 1 }, [newer, older]).serve, [newer]);
    assert.deepEqual(selectVersions([older], [newer, older]), { serve: [older], missing: [] });
  });
});

describe('compareVersions', () => {
  it('orders as the numbers do, however long they are', () => {
    const version = fc.bigInt({ min: 1n, max: 10n ** 40n });
    fc.assert(
      fc.property(version, version, (a, b) => {
        assert.equal(Math.sign(compareVersions(String(a), String(b))), a < b ? -1 : Number(a > b));
      }),
    );
  });
});

describe('versions in model.yaml', () => {
  it('are all, the latest few, or a list', () => {
    for (const policy of ['all', { latest: 2 }, [1, '2'], ['12345678901234567890123']]) {
      assert.deepEqual(versionsSchema.parse(policy), policy);
    }
  });

  it('are nothing else', () => {
    const wrong = [
      'latest',
      1,
      [],
      [0],
      ['01'],
      ['0'],
      [1.5],
      [-1],
      ['1 '],
      { latest: 0 },
      { latest: 1, oldest: 1 },
      {},
    ];
    for (const policy of [...wrong, null]) {
      assert.equal(versionsSchema.safeParse(policy).success, false, JSON.stringify(policy));
    }
  });
});
