import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EventBus } from '#src/core/event-bus.js';
import type { EventMap, Observer } from '#src/core/events.js';
import { VirtualClock } from '../support/virtual-clock.js';

/** A bus on a virtual clock; `request(n)` tells it of a request `n`. */
function startBus() {
  const clock = new VirtualClock();
  const bus = new EventBus(clock);
  const request = (id: number) => bus.emit('requestReceived', { requestId: String(id), method: 'GET' });
  return { clock, bus, request };
}

/** An observer that writes down the ids of the requests, and what is reported of other observers. */
function recorder(name = 'recorder') {
  const requests: number[] = [];
  const failures: EventMap['observerFailed'][] = [];
  const observer: Observer = {
    name,
    on: {
      requestReceived: ({ requestId }) => requests.push(Number(requestId)),
      observerFailed: (failure) => failures.push(failure),
    },
  };
  return { requests, failures, observer };
}

function failing(name: string, requestReceived: () => unknown): Observer {
  return { name, on: { requestReceived } };
}

describe('EventBus', () => {
  it('tells every observer at the end of the turn, in the order in which things happened', async () => {
    const { clock, bus, request } = startBus();
    const [first, second] = [recorder(), recorder()];
    bus.subscribe(first.observer);
    bus.subscribe(second.observer);
    request(1);
    request(2);
    assert.deepEqual(first.requests, [], 'telling must not run observers');
    assert.equal(clock.runEndOfTurn(), 1, 'one delivery for all events of a turn');
    assert.deepEqual(
      [first.requests, second.requests],
      [
        [1, 2],
        [1, 2],
      ],
    );
    request(3);
    await clock.settle();
    assert.deepEqual(first.requests, [1, 2, 3]);
  });

  it('calls the handlers of an observer whose handlers are methods with state', async () => {
    const { clock, bus, request } = startBus();
    class Counter {
      count = 0;
      requestReceived() {
        this.count += 1;
      }
    }
    const on = new Counter();
    bus.subscribe({ name: 'counter', on });
    request(1);
    await clock.settle();
    assert.equal(on.count, 1);
  });

  it('tells nothing more to an observer that was taken away, not even what already waits', async () => {
    const { clock, bus, request } = startBus();
    const { requests, observer } = recorder();
    const unsubscribe = bus.subscribe(observer);
    request(1);
    await clock.settle();
    request(2);
    unsubscribe();
    unsubscribe();
    await clock.settle();
    assert.deepEqual(requests, [1]);
  });

  it('delivers what observers cause in the next turn', () => {
    const { clock, bus, request } = startBus();
    const { requests, observer } = recorder();
    bus.subscribe({ name: 'echo', on: { jobQueued: () => request(7) } });
    bus.subscribe(observer);
    bus.emit('jobQueued', { model: 'm', version: '1', jobId: 'j', rows: 1 });
    clock.runEndOfTurn();
    assert.deepEqual(requests, []);
    clock.runEndOfTurn();
    assert.deepEqual(requests, [7]);
  });

  const failures: [how: string, handler: () => unknown][] = [
    ['throws', () => assert.fail('broken\n  observer')],
    ['rejects', () => Promise.reject(new Error('broken observer'))],
  ];
  for (const [how, handler] of failures) {
    it(`reports an observer that ${how}, and keeps that from the others`, async () => {
      const { clock, bus, request } = startBus();
      const other = recorder();
      bus.subscribe(failing('faulty', handler));
      bus.subscribe(other.observer);
      request(1);
      request(2);
      await clock.settle();
      assert.deepEqual(other.requests, [1, 2]);
      const report = { observer: 'faulty', event: 'requestReceived', reason: 'broken observer' };
      assert.deepEqual(other.failures, [report, report]);
    });

    it(`does not go on for ever when an observer ${how} at the report itself`, async () => {
      const { clock, bus, request } = startBus();
      const other = recorder();
      const on = { requestReceived: handler, observerFailed: handler };
      bus.subscribe({ name: 'faulty', on });
      bus.subscribe(other.observer);
      request(1);
      await clock.settle();
      assert.equal(other.failures.length, 1);
    });
  }

  it('drops and counts what comes while its buffer is full', async () => {
    const { clock, bus, request } = startBus();
    const { requests, observer } = recorder();
    bus.subscribe(observer);
    for (let id = 0; id < 100_003; id += 1) request(id);
    assert.equal(bus.dropped, 3);
    await clock.settle();
    assert.equal(requests.length, 100_000);
    assert.equal(requests.at(-1), 99_999);
    request(7);
    await clock.settle();
    assert.equal(requests.at(-1), 7, 'with room again it takes events again');
    assert.equal(bus.dropped, 3);
  });
});
