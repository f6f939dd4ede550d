import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type BatchView, greedyPolicy, staticPolicy } from '#src/batching/batch-policy.js';
import { batchingSchema, policyFrom } from '#src/batching/batching-config.js';

function view(overrides: Partial<BatchView>): BatchView {
  return { now: 100, rows: 1, oldestAt: 100, idleInstances: 1, maxBatchSize: 16, ...overrides };
}

/** The sizes of the batches that the greedy policy makes of so many rows, when nothing else happens. */
function greedySplit(rows: number, idleInstances: number, maxBatchSize = 16): number[] {
  const sizes: number[] = [];
  for (let left = rows, idle = idleInstances; left > 0 && idle > 0; idle -= 1) {
    const decision = greedyPolicy.decide(view({ rows: left, idleInstances: idle, maxBatchSize }));
    assert.equal(decision.kind, 'dispatch');
    if (decision.kind !== 'dispatch') break;
    sizes.push(decision.rows);
    left -= decision.rows;
  }
  return sizes;
}

describe('the greedy policy', () => {
  it('runs what waits at once, however little it is', () => {
    assert.deepEqual(greedyPolicy.decide(view({})), { kind: 'dispatch', rows: 1 });
  });

  it('gives a single idle instance all that fits', () => {
    assert.deepEqual(greedySplit(5, 1), [5]);
    assert.deepEqual(greedySplit(16, 1), [16]);
    assert.deepEqual(greedySplit(40, 1), [16]);
  });

  it('splits what waits evenly over the idle instances', () => {
    assert.deepEqual(greedySplit(8, 2), [4, 4]);
    assert.deepEqual(greedySplit(9, 2), [5, 4]);
    assert.deepEqual(greedySplit(10, 4), [3, 3, 2, 2]);
    assert.deepEqual(greedySplit(40, 2), [16, 16]);
  });

  it('leaves instances idle rather than run empty batches', () => {
    assert.deepEqual(greedySplit(2, 4), [1, 1]);
  });

  it('runs one row at a time where batches hold one', () => {
    assert.deepEqual(greedySplit(3, 2, 1), [1, 1]);
  });
});

describe('the static policy', () => {
  const policy = staticPolicy(10);

  it('waits for a batch that is not full until its oldest row has waited long enough', () => {
    assert.deepEqual(policy.decide(view({ rows: 15, oldestAt: 97, now: 100 })), { kind: 'wait', until: 107 });
    assert.deepEqual(policy.decide(view({ rows: 15, oldestAt: 97, now: 106.9 })), { kind: 'wait', until: 107 });
    assert.deepEqual(policy.decide(view({ rows: 15, oldestAt: 97, now: 107 })), { kind: 'dispatch', rows: 15 });
  });

  it('runs a full batch at once, and no more rows than it holds', () => {
    assert.deepEqual(policy.decide(view({ rows: 16 })), { kind: 'dispatch', rows: 16 });
    assert.deepEqual(policy.decide(view({ rows: 17 })), { kind: 'dispatch', rows: 16 });
  });

  it('does not split over idle instances', () => {
    assert.deepEqual(policy.decide(view({ rows: 16, idleInstances: 4 })), { kind: 'dispatch', rows: 16 });
  });

  it('never waits with a delay of 0', () => {
    assert.deepEqual(staticPolicy(0).decide(view({ rows: 2 })), { kind: 'dispatch', rows: 2 });
  });
});

describe('batching in model.yaml', () => {
  it('is greedy with batches of at most 16, unless it says otherwise', () => {
    const config = batchingSchema.parse({});
    assert.deepEqual([config.policy, config.max_batch_size, config.rows_independent], ['greedy', 16, false]);
    assert.equal(policyFrom(config).name, 'greedy');
  });

  it('takes the static policy with its delay', () => {
    const policy = policyFrom(batchingSchema.parse({ policy: 'static', max_queue_delay_ms: 2.5 }));
    assert.equal(policy.name, 'static');
    assert.deepEqual(policy.decide(view({})), { kind: 'wait', until: 102.5 });
  });

  it('refuses sizes, delays and axes that no model has', () => {
    for (const wrong of [
      { max_batch_size: 0 },
      { max_batch_size: 1.5 },
      { max_queue_delay_ms: -1 },
      { policy: 'eager' },
      { axes: { inputs: { x: -1 } } },
      { axes: { inputs: { x: 'batch' } } },
      { axis: 0 },
    ]) {
      assert.equal(batchingSchema.safeParse(wrong).success, false, JSON.stringify(wrong));
    }
  });
});
