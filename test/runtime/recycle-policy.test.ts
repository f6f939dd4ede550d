import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InstanceRecord } from '#src/runtime/recycle-policy.js';

/** A record of executions, each with whether it failed and the bytes held after it. */
function record(...executions: [failed: boolean, bytes?: number][]): InstanceRecord {
  const made = new InstanceRecord();
  for (const [failed, bytes] of executions) made.note(failed, bytes);
  return made;
}

const times = (count: number, failed: boolean) => Array.from({ length: count }, (): [boolean] => [failed]);

describe('InstanceRecord.reasonToRecycle', () => {
  it('finds none where none is asked for', () => {
    assert.equal(record(...times(1_000, true)).reasonToRecycle({}), undefined);
  });

  it('counts executions, failed or not', () => {
    assert.equal(record(...times(2, true)).reasonToRecycle({ runs: 3 }), undefined);
    assert.equal(record(...times(2, true), [false]).reasonToRecycle({ runs: 3 }), 'runs');
  });

  it('compares the memory held now with that held at first', () => {
    const growth = { resident_growth_bytes: 100 };
    assert.equal(record([false, 50], [false, 500], [false, 149]).reasonToRecycle(growth), undefined);
    assert.equal(record([false, 50], [false, 150]).reasonToRecycle(growth), 'memory');
    assert.equal(record([false], [false]).reasonToRecycle(growth), undefined);
  });

  it('takes the share of failures from the last 20 executions, and not before there are so many', () => {
    const rate = { error_rate: 0.5 };
    assert.equal(record(...times(19, true)).reasonToRecycle(rate), undefined);
    assert.equal(record(...times(10, false), ...times(10, true)).reasonToRecycle(rate), 'errors');
    assert.equal(record(...times(10, true), ...times(11, false)).reasonToRecycle(rate), undefined);
  });
});
