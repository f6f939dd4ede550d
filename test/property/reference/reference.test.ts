import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { playInThreads } from './play.js';

const { REFERENCE_SEED, REFERENCE_PROGRAMS } = process.env;
const first = REFERENCE_SEED === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(REFERENCE_SEED);
const programs = Number(REFERENCE_PROGRAMS ?? 10_000);
/** Programs of one test: it says something now and then. */
const CHUNK = 2_500;

describe('the queue and the batcher do what a plain list of rows would do', () => {
  for (let done = 0; done < programs; done += CHUNK) {
    const count = Math.min(CHUNK, programs - done);
    it(`in ${count} programs from seed ${first + done} on`, async () => {
      assert.equal(await playInThreads(first + done, count, Math.min(2, count)), undefined);
    });
  }
});
