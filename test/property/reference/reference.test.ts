import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeDifference, playPrograms } from './play.js';

const { REFERENCE_SEED, REFERENCE_PROGRAMS } = process.env;
const first = REFERENCE_SEED === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(REFERENCE_SEED);
const programs = Number(REFERENCE_PROGRAMS ?? 10_000);

describe('the queue and the batcher', () => {
  it(`do what a plain list of rows would do, in ${programs} programs from seed ${first} on`, async () => {
    const difference = await playPrograms(first, programs);
    assert.equal(difference && describeDifference(difference), undefined);
  });
});
