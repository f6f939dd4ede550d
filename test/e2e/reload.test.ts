import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import type { ServerConfigInput } from '#src/server.js';
import { EventWatch } from '../support/event-watch.js';
import { affine, identity } from '../support/fixture-models.js';
import { postJson } from '../support/http-client.js';
import { heavy } from '../support/load-models.js';
import type { FolderContents } from '../support/model-folder.js';
import { startTestServer } from '../support/test-server.js';

const CLIENTS = 12;
/** Answers that must have come between one change and the next. */
const ANSWERS_BETWEEN = 100;

const doubled = heavy(128);
const same = identity('FP32', ['N', 4]);

/** A server under the load of clients that send one request after another. */
async function loadedServer(t: TestContext, contents: FolderContents, config: ServerConfigInput) {
  const server = await startTestServer(contents, config);
  t.after(() => server.stop());
  const events = new EventWatch(server.millrace);
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  t.after(() => agent.destroy());
  /** What came back, by the round in which it was asked for. */
  const rounds: string[][] = [[]];
  let isOver = false;
  let onAnswer: () => void = () => undefined;
  const client = async () => {
    for (let number = 0; !isOver; number += 1) {
      const answers = rounds.at(-1) as string[];
      const request = { model: 'm', input: [number, 2, 3, 4] };
      const { status, body } = await postJson(`${server.millrace.url}/predict`, request, { agent });
      const { y: [first] = [] } = (body['output'] ?? {}) as { y?: number[] };
      const kind = status === 200 && first === 2 * number + 1 ? 'doubled' : undefined;
      const other = status === 200 && first === number ? 'same' : `${status} ${JSON.stringify(body)}`;
      answers.push(kind ?? other);
      onAnswer();
    }
  };
  const clients = Array.from({ length: CLIENTS }, client);
  /** Settles when many requests that were sent after the call have been answered; gives the kinds of their answers. */
  const more = async () => {
    const answers: string[] = [];
    rounds.push(answers);
    await new Promise<void>((resolve) => {
      onAnswer = () => {
        if (answers.length >= ANSWERS_BETWEEN) resolve();
      };
    });
    return new Set(answers);
  };
  const finish = async () => {
    isOver = true;
    await Promise.all(clients);
    return rounds.flat();
  };
  return { ...server, events, more, finish };
}

describe('a model that is exchanged under load', () => {
  it('never fails a request: those before get the old one, those after the new one', async (t) => {
    const contents = { 'm/1/model.onnx': doubled };
    const { events, finish, folder, more, post } = await loadedServer(t, contents, { model_control: 'explicit' });
    assert.deepEqual(await more(), new Set(['doubled']));
    let reloads = 0;
    for (const [model, kind] of [
      [same, 'same'],
      [doubled, 'doubled'],
      [same, 'same'],
    ] as const) {
      await folder.write({ 'm/1/model.onnx': model });
      await post('/models/m/load', '').expect(200);
      reloads += 1;
      assert.deepEqual(await more(), new Set([kind]));
    }
    await folder.write({ 'm/1/model.onnx': 'no model' });
    await post('/models/m/load', '').expect(422);
    assert.deepEqual(await more(), new Set(['same']));
    const answers = await finish();
    assert.deepEqual(new Set(answers), new Set(['doubled', 'same']));
    const unloaded = await events.until('modelUnloaded', undefined, reloads);
    assert.deepEqual(new Set(unloaded.map(({ cause }) => cause)), new Set(['replaced']));
    assert.equal(events.all('jobRejected').length, 0);
  });

  it('follows the folder', async (t) => {
    const { events, finish, folder, more, post } = await loadedServer(
      t,
      { 'm/1/model.onnx': doubled },
      { model_control: 'watch' },
    );
    await folder.write({ 'm/2/model.onnx': same, 'n.onnx': affine() });
    await events.until('filesReloaded', undefined, 2);
    assert.deepEqual(await more(), new Set(['same']));
    await post('/models/n/predict', { input: [1, 2, 3, 4] }).expect(200);
    assert.deepEqual(new Set(await finish()), new Set(['doubled', 'same']));
  });
});

describe('more models than there is memory for', () => {
  it('are served all the same, one after the other', async (t) => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const contents = Object.fromEntries(names.map((name) => [`${name}.onnx`, affine()]));
    // Each takes some 10 MiB for its thread: there is room for two or three.
    const config: ServerConfigInput = { memory: { budget: '25 MiB', min_residency_ms: 0 } };
    const server = await startTestServer(contents, config);
    t.after(() => server.stop());
    const events = new EventWatch(server.millrace);
    const asked = [...names, ...names.toReversed(), ...names].map(async (model, index) => {
      const { status, body } = await server.post('/predict', { model, input: [index, 0, 0, 0] });
      return [status, body.output?.y[0]];
    });
    assert.deepEqual(
      await Promise.all(asked),
      asked.map((_, index) => [200, 2 * index + 1]),
    );
    await events.until('modelUnloaded', ({ cause }) => cause === 'evicted', names.length - 3);
    const { loader, served } = server.millrace.models;
    const held = served.filter(({ isResident }) => isResident).reduce((sum, model) => sum + loader.bytesOf(model), 0);
    assert.ok(held <= loader.budgetBytes, `${held} bytes are held`);
  });
});
