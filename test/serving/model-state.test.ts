import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ModelState } from '#src/core/events.js';
import { mayBecome } from '#src/serving/model-state.js';

const states: ModelState[] = ['LOADING', 'READY', 'UNLOADING', 'EVICTED', 'UNAVAILABLE'];

/** Every way there is; all others are faults. */
const ways: [from: ModelState, to: ModelState, when: string][] = [
  ['LOADING', 'READY', 'it has loaded'],
  ['LOADING', 'UNAVAILABLE', 'it cannot be loaded'],
  ['LOADING', 'UNLOADING', 'the server stops while it loads'],
  ['READY', 'UNAVAILABLE', 'its instances keep dying'],
  ['READY', 'UNLOADING', 'it is unloaded'],
  ['UNLOADING', 'UNAVAILABLE', 'it has been unloaded'],
  ['LOADING', 'EVICTED', 'there is no room for it now'],
  ['UNLOADING', 'EVICTED', 'its memory was needed'],
  ['EVICTED', 'LOADING', 'a request wants it'],
  ['EVICTED', 'UNAVAILABLE', 'it takes too much'],
  ['UNAVAILABLE', 'LOADING', 'it is loaded again'],
  ['UNAVAILABLE', 'UNLOADING', 'the server stops'],
];

describe('the states of a model', () => {
  for (const [from, to, when] of ways) {
    it(`lead from ${from} to ${to} when ${when}`, () => assert.equal(mayBecome(from, to), true));
  }

  for (const from of states) {
    const never = states.filter((to) => !ways.some(([start, end]) => start === from && end === to));
    it(`lead from ${from} never to ${never.join(' or ')}`, () => {
      for (const to of never) assert.equal(mayBecome(from, to), false, to);
    });
  }
});
