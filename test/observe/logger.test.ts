import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { EventMap, EventName } from '#src/core/events.js';
import { createLogObserver, type LogLevel } from '#src/observe/logger.js';

/** A log that keeps its lines. */
function start(level: LogLevel = 'info') {
  const lines: string[] = [];
  const observer = createLogObserver(level, { write: (text) => void lines.push(text) });
  return {
    lines,
    tell: <Name extends EventName>(name: Name, event: EventMap[Name]) => {
      observer.on[name]?.(event);
    },
    /** The lines without their time, taken away. */
    take: (): Record<string, unknown>[] =>
      lines.splice(0).map((line) => {
        const { time: _, ...rest } = JSON.parse(line) as Record<string, unknown>;
        return rest;
      }),
  };
}

const ref = { model: 'm', version: '1' };
const request: EventMap['requestSettled'] = {
  requestId: 'r-1',
  traceparent: undefined,
  method: 'POST',
  route: '/predict',
  status: 500,
  code: 'INTERNAL',
  cause: undefined,
  durationMs: 1.23456,
  remote: '192.0.2.1',
  tenant: undefined,
};
const batch = { ...ref, batchId: 1, rows: 2, reason: 'why', computeInputMs: 0, computeInferMs: 1, computeOutputMs: 0 };

describe('the log', () => {
  it('is JSON lines with a level by name and an ISO time, and neither host nor process', () => {
    const { lines, tell } = start();
    tell('serverListening', { url: 'http://127.0.0.1:8000' });
    const [line = ''] = lines;
    assert.ok(line.endsWith('}\n'));
    const { time, ...rest } = JSON.parse(line) as Record<string, unknown>;
    assert.deepEqual(rest, { level: 'info', url: 'http://127.0.0.1:8000', msg: 'listening' });
    assert.equal(new Date(time as string).toISOString(), time);
  });

  it('keeps line breaks inside its lines', () => {
    const { lines, tell } = start();
    tell('instanceCrashed', {
      ...ref,
      instance: 'm/1#0',
      reason: 'a\n{"level":"info"}\r\n',
      cause: 'crash',
      restartInMs: undefined,
    });
    tell('requestSettled', { ...request, requestId: 'a\nb', cause: new Error('one\ntwo') });
    assert.equal(lines.length, 2);
    for (const line of lines) assert.equal(line.indexOf('\n'), line.length - 1);
  });

  it('tells of models as their states weigh', () => {
    const { tell, take } = start('debug');
    const change = (
      from: 'LOADING' | 'READY' | 'UNLOADING',
      to: EventMap['modelStateChanged']['to'],
      reason?: string,
    ) => tell('modelStateChanged', { ...ref, from, to, reason });
    change('LOADING', 'READY');
    change('LOADING', 'UNAVAILABLE', 'broken');
    change('READY', 'UNLOADING');
    change('UNLOADING', 'UNAVAILABLE', 'it was unloaded');
    assert.deepEqual(take(), [
      { level: 'info', ...ref, msg: 'model ready' },
      { level: 'error', ...ref, reason: 'broken', msg: 'model unavailable' },
      { level: 'debug', ...ref, msg: 'model unloading' },
      { level: 'debug', ...ref, msg: 'model unavailable' },
    ]);
  });

  it('tells of start, stop, notices, crashes, failed batches and observers', () => {
    const { tell, take } = start();
    tell('serverStopping', { reason: 'SIGTERM' });
    tell('serverStopped', { reason: 'SIGTERM' });
    tell('modelNotice', { ...ref, notice: 'requests run one at a time' });
    tell('instanceCrashed', { ...ref, instance: 'm/1#0', reason: 'why', cause: 'crash', restartInMs: 100 });
    tell('instanceSpoke', { ...ref, instance: 'm/1#0', text: 'a warning of native code' });
    tell('instanceRecycled', { ...ref, instance: 'm/1#0', reason: 'runs' });
    tell('batchExecuted', { ...batch, outcome: 'succeeded', reason: undefined });
    tell('batchExecuted', { ...batch, outcome: 'EXECUTION_FAILED', reason: 'why' });
    tell('culpritFound', { ...ref, code: 'EXECUTION_FAILED', digest: 'd', refusedForMs: undefined });
    tell('culpritFound', { ...ref, code: 'INSTANCE_CRASHED', digest: 'd', refusedForMs: 60_000 });
    tell('observerFailed', { observer: 'o', event: 'jobQueued', reason: 'why' });
    const said = take().map(({ level, msg }) => [level, msg]);
    assert.deepEqual(said, [
      ['info', 'stopping: finishing what was accepted'],
      ['info', 'stopped'],
      ['warn', 'requests run one at a time'],
      ['error', 'instance crashed'],
      ['warn', 'instance output'],
      ['info', 'instance replaced'],
      ['warn', 'batch failed'],
      ['warn', 'input quarantined'],
      ['error', 'observer failed'],
    ]);
  });

  it('says nothing of requests that went well or that the client got wrong, unless it is to say everything', () => {
    const requests = [
      { ...request, status: 200, code: undefined },
      { ...request, status: 400, code: 'INVALID_INPUT' },
    ] as const;
    const { tell, take } = start('info');
    for (const event of requests) tell('requestSettled', event);
    assert.deepEqual(take(), []);

    const everything = start('debug');
    for (const event of requests) everything.tell('requestSettled', event);
    const client = { requestId: 'r-1', remote: '192.0.2.1' };
    const line = { level: 'debug', ...client, method: 'POST', route: '/predict', durationMs: 1.235 };
    assert.deepEqual(everything.take(), [
      { ...line, status: 200, msg: 'request' },
      { ...line, status: 400, code: 'INVALID_INPUT', msg: 'request' },
    ]);
  });

  it('tells of requests that the server failed, with their trace and the cause', () => {
    const { tell, take } = start();
    tell('requestSettled', { ...request, traceparent: '00-a-b-01', cause: new Error('the cause') });
    tell('requestSettled', { ...request, code: 'DEADLINE_EXCEEDED', status: 504, cause: 'a\n  text' });
    const [first, second] = take();
    assert.deepEqual([first?.['level'], first?.['code'], first?.['msg']], ['warn', 'INTERNAL', 'request failed']);
    assert.equal(first?.['traceparent'], '00-a-b-01');
    assert.match(first?.['cause'] as string, /^Error: the cause\n +at /);
    assert.equal(second?.['cause'], 'a text');
  });

  it('tells of five failures of one kind in a second, and counts the others in the next', (t: TestContext) => {
    let now = 10_000;
    t.mock.method(performance, 'now', () => now);
    const { tell, take } = start();
    const fail = (code: 'INTERNAL' | 'QUEUE_FULL' | 'SHUTTING_DOWN', times: number) => {
      for (let time = 0; time < times; time += 1) tell('requestSettled', { ...request, code });
    };
    fail('INTERNAL', 12);
    fail('SHUTTING_DOWN', 1);
    fail('QUEUE_FULL', 3);
    const codes = take().map(({ code, suppressed }) => [code, suppressed]);
    assert.deepEqual(codes, [
      ...Array.from({ length: 5 }, () => ['INTERNAL', undefined]),
      ['SHUTTING_DOWN', undefined],
    ]);
    for (const model of ['a', 'b'])
      for (let time = 0; time < 7; time += 1) tell('batchExecuted', { ...batch, model, outcome: 'EXECUTION_FAILED' });
    const models = take().map(({ model }) => model);
    assert.deepEqual(models, 'aaaaabbbbb'.split(''));
    now += 1_000;
    fail('INTERNAL', 2);
    assert.deepEqual(
      take().map(({ suppressed }) => suppressed),
      [7, undefined],
    );
  });

  it('is silent when it is told to be', () => {
    const { lines, tell } = start('silent');
    tell('serverListening', { url: 'http://127.0.0.1:8000' });
    tell('requestSettled', request);
    assert.deepEqual(lines, []);
  });
});
