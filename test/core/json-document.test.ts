import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseJson } from '#src/core/json-document.js';

describe('parseJson', () => {
  it('gives what JSON says', () => {
    assert.deepEqual(parseJson(Buffer.from('{"a": [1, "größer"]}')), { a: [1, 'größer'] });
  });

  const bad: [what: string, body: Buffer, expected: string][] = [
    ['nothing', Buffer.alloc(0), 'a JSON document'],
    ['broken JSON', Buffer.from('{"a": '), 'a JSON document'],
    ['more than one document', Buffer.from('{} {}'), 'a JSON document'],
    ['a NaN token', Buffer.from('[NaN]'), 'a JSON document'],
    ['an Infinity token', Buffer.from('[-Infinity]'), 'a JSON document'],
    ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'valid UTF-8'],
    ['a surrogate in UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 'valid UTF-8'],
    ['65 levels', Buffer.from('['.repeat(65) + ']'.repeat(65)), 'at most 64 levels'],
    ['65 levels of both kinds', Buffer.from(`${'{"a":['.repeat(33)}1${']}'.repeat(33)}`), 'at most 64 levels'],
    ['200,001 arrays and objects', Buffer.from(`[${'{},'.repeat(199_999)}[]]`), 'at most 200000'],
    ['100,000 levels that are never closed', Buffer.from('['.repeat(100_000)), 'at most 64 levels'],
  ];
  for (const [what, body, expected] of bad) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => parseJson(body),
        (error: { code: string; details: { path: string; expected: string } }) => {
          assert.equal(error.code, 'INVALID_JSON');
          assert.equal(error.details.path, 'body');
          assert.equal(error.details.expected, expected);
          return true;
        },
      );
    });
  }

  it('takes 64 levels, and does not count what stands in strings or beside each other', () => {
    const deep = '['.repeat(64) + ']'.repeat(64);
    assert.equal(JSON.stringify(parseJson(Buffer.from(deep))), deep);
    assert.deepEqual(parseJson(Buffer.from(JSON.stringify(['['.repeat(500), `"${'{'.repeat(500)}`]))), [
      '['.repeat(500),
      `"${'{'.repeat(500)}`,
    ]);
    const wide = `[${'[],'.repeat(500)}[]]`;
    assert.equal((parseJson(Buffer.from(wide)) as unknown[]).length, 501);
  });
});
