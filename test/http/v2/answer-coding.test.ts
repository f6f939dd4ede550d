import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gunzipSync, inflateSync } from 'node:zlib';
import { AnswerCompressor, codingFor } from '#src/http/v2/answer-coding.js';

describe('codingFor', () => {
  const cases: [header: string | undefined, coding: string | undefined][] = [
    [undefined, undefined],
    ['', undefined],
    ['identity', undefined],
    ['gzip', 'gzip'],
    ['GZIP', 'gzip'],
    ['deflate', 'deflate'],
    ['gzip, deflate', 'gzip'],
    ['gzip, deflate, br, zstd', 'gzip'],
    ['deflate;q=0.9, gzip;q=0.5', 'deflate'],
    ['gzip;q=0', undefined],
    ['gzip; q=0.0, deflate;q=0.1', 'deflate'],
    ['*', 'gzip'],
    ['*;q=0.5, gzip;q=0', 'deflate'],
    ['br', undefined],
    ['gzip;q=0.2, identity;q=0.8', undefined],
    ['gzip;q=no', undefined],
    [',;,=', undefined],
  ];
  for (const [header, coding] of cases) {
    it(`gives ${coding ?? 'none'} for ${header ?? 'no header'}`, () => assert.equal(codingFor(header), coding));
  }
});

describe('AnswerCompressor', () => {
  const parts = [Buffer.alloc(1_000, 'a'), Buffer.alloc(100, 'b')];
  const whole = Buffer.concat(parts);

  it('puts parts into one compressed body', async () => {
    const compressor = new AnswerCompressor();
    const [gzip, deflate] = await Promise.all([
      compressor.compress(parts, 'gzip'),
      compressor.compress(parts, 'deflate'),
    ]);
    assert.ok(gzip !== undefined && deflate !== undefined);
    assert.deepEqual(gunzipSync(gzip), whole);
    assert.deepEqual(inflateSync(deflate), whole);
  });

  it('leaves short answers alone', async () => {
    assert.equal(await new AnswerCompressor().compress([Buffer.alloc(1_023)], 'gzip'), undefined);
  });
});
