import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EventBus } from '#src/core/event-bus.js';
import { VirtualClock } from '../support/virtual-clock.js';

/** A bus with an observer whose handler takes `costMs` of the event loop's time and may take `maxLoopShare` of it. */
function startBus({ costMs, maxLoopShare }: { costMs: number; maxLoopShare?: number }) {
  const clock = new VirtualClock();
  const bus = new EventBus(clock);
  const seen: string[] = [];
  const on = {
    requestReceived: ({ requestId }: { requestId: string }) => {
      seen.push(requestId);
      clock.elapse(costMs);
    },
  };
  bus.subscribe({ name: 'slow', on, ...(maxLoopShare === undefined ? {} : { maxLoopShare }) });
  const request = (requestId: string) => bus.emit('requestReceived', { requestId, method: 'GET' });
  return { clock, bus, seen, request };
}

describe('an observer with a limited share of the event loop', () => {
  it('is paused until its share is kept, and loses what happens meanwhile', async () => {
    const { clock, bus, seen, request } = startBus({ costMs: 20, maxLoopShare: 0.1 });
    for (const id of ['a', 'b', 'c']) request(id);
    await clock.settle();
    assert.deepEqual(seen, ['a'], '20 ms for the first are 10 % of 200 ms');
    assert.equal(bus.dropped, 2);
    await clock.advance(179);
    request('d');
    await clock.settle();
    assert.deepEqual([seen, bus.dropped], [['a'], 3]);
    await clock.advance(1);
    request('e');
    await clock.settle();
    assert.deepEqual([seen, bus.dropped], [['a', 'e'], 3]);
  });

  it('is not paused when it is quick', async () => {
    const { clock, bus, seen, request } = startBus({ costMs: 0.01, maxLoopShare: 0.1 });
    for (let id = 0; id < 100; id += 1) request(String(id));
    await clock.settle();
    assert.deepEqual([seen.length, bus.dropped], [100, 0]);
  });

  it('adds up events of one turn, however short each is', async () => {
    const { clock, bus, seen, request } = startBus({ costMs: 2, maxLoopShare: 0.1 });
    for (let id = 0; id < 10; id += 1) request(String(id));
    await clock.settle();
    assert.deepEqual([seen.length, bus.dropped], [3, 7]);
  });

  it('keeps its share over many short turns', async () => {
    const { clock, seen, request } = startBus({ costMs: 4, maxLoopShare: 0.1 });
    for (let id = 0; clock.now() < 10_000; id += 1) {
      request(String(id));
      await clock.settle();
      await clock.advance(1);
    }
    const share = (seen.length * 4) / clock.now();
    assert.ok(share < 0.15, `it took ${share} of the loop's time`);
    assert.ok(share > 0.05, `it was given only ${share} of the loop's time`);
  });

  it('leaves the observers without a limit alone, however slow they are', async () => {
    const { clock, bus, seen, request } = startBus({ costMs: 1000 });
    for (const id of ['a', 'b']) request(id);
    await clock.settle();
    request('c');
    await clock.settle();
    assert.deepEqual([seen, bus.dropped], [['a', 'b', 'c'], 0]);
  });

  it('is given no more events while a thousand of its promises are unsettled', async () => {
    const clock = new VirtualClock();
    const bus = new EventBus(clock);
    const waiting: (() => void)[] = [];
    let calls = 0;
    const on = {
      requestReceived: () => {
        calls += 1;
        return new Promise<void>((resolve) => {
          waiting.push(resolve);
        });
      },
    };
    bus.subscribe({ name: 'hanging', maxLoopShare: 1, on });
    const request = () => bus.emit('requestReceived', { requestId: 'r', method: 'GET' });
    for (let count = 0; count < 1005; count += 1) request();
    await clock.settle();
    assert.deepEqual([calls, bus.dropped], [1000, 5]);
    waiting.pop()?.();
    await clock.settle();
    request();
    request();
    await clock.settle();
    assert.deepEqual([calls, bus.dropped], [1001, 6]);
  });

  it('counts the events that it lost also after it was taken away', async () => {
    const clock = new VirtualClock();
    const bus = new EventBus(clock);
    const on = { requestReceived: () => clock.elapse(20) };
    const unsubscribe = bus.subscribe({ name: 'slow', maxLoopShare: 0.1, on });
    for (const requestId of ['a', 'b', 'c']) bus.emit('requestReceived', { requestId, method: 'GET' });
    await clock.settle();
    unsubscribe();
    assert.equal(bus.dropped, 2);
  });

  it('loses no event that it does not watch', async () => {
    const { clock, bus, request } = startBus({ costMs: 20, maxLoopShare: 0.1 });
    bus.subscribe({ name: 'quick', on: { serverStopping: () => undefined } });
    request('a');
    for (let id = 0; id < 5; id += 1) bus.emit('serverStopping', { reason: 'SIGTERM' });
    await clock.settle();
    assert.equal(bus.dropped, 0);
  });
});
