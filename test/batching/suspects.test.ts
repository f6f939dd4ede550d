import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Suspects } from '#src/batching/suspects.js';
import { VirtualClock } from '../support/virtual-clock.js';

function setUp() {
  const clock = new VirtualClock({ startMs: 5 });
  return { clock, suspects: new Suspects(clock) };
}

describe('suspects', () => {
  it('are watched for only while there are any, or something has failed', () => {
    const { clock, suspects } = setUp();
    assert.equal(suspects.isWatching, false);
    suspects.watch();
    assert.equal(suspects.isWatching, true);
    clock.elapse(29_999);
    assert.equal(suspects.isWatching, true);
    clock.elapse(1);
    assert.equal(suspects.isWatching, false);
  });

  it('are suspects for half a minute after the last time', () => {
    const { clock, suspects } = setUp();
    suspects.suspect('a');
    clock.elapse(20_000);
    suspects.suspect('a');
    clock.elapse(29_999);
    assert.deepEqual(
      [suspects.standingOf('a'), suspects.standingOf('b'), suspects.isWatching],
      [{ kind: 'suspect' }, { kind: 'clear' }, true],
    );
    clock.elapse(1);
    assert.deepEqual([suspects.standingOf('a'), suspects.isWatching], [{ kind: 'clear' }, false]);
  });

  it('are no more when they have run well', () => {
    const { suspects } = setUp();
    suspects.suspect('a');
    suspects.clear('a');
    assert.deepEqual(suspects.standingOf('a'), { kind: 'clear' });
  });

  it('are in quarantine for a minute, whatever else is held against them', () => {
    const { clock, suspects } = setUp();
    suspects.quarantine('a');
    suspects.suspect('a');
    suspects.clear('a');
    clock.elapse(59_999);
    assert.deepEqual([suspects.standingOf('a'), suspects.isWatching], [{ kind: 'quarantined', leftMs: 1 }, true]);
    clock.elapse(1);
    assert.deepEqual([suspects.standingOf('a'), suspects.isWatching], [{ kind: 'clear' }, false]);
  });

  it('are bounded: who failed longest ago is forgotten, and none of them pushes out a quarantine', () => {
    const { suspects } = setUp();
    suspects.quarantine('deadly');
    suspects.suspect('first');
    suspects.suspect('second');
    suspects.suspect('first');
    for (let index = 0; index < 999; index += 1) suspects.suspect(`other-${index}`);
    const kinds = ['deadly', 'first', 'second', 'other-0', 'other-998'].map(
      (digest) => suspects.standingOf(digest).kind,
    );
    assert.deepEqual(kinds, ['quarantined', 'suspect', 'clear', 'suspect', 'suspect']);
  });
});
