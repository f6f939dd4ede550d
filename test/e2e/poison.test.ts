import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { nanForNegative } from '../support/fixture-models.js';
import { type Answer, postJson } from '../support/http-client.js';
import { metricValue } from '../support/metrics-text.js';
import { integerDivision, reshapeByData, tenTimes } from '../support/poison-models.js';
import { startTestServer, type TestServer } from '../support/test-server.js';

const CONNECTIONS = 64;
const REQUESTS_EACH = 8;
/** One item in so many is poison. */
const POISON_EVERY = 16;
const TABLE = 1_000;

interface Poisoned {
  readonly model: Uint8Array;
  /** Input number `index`: a good one that no other is like, and a bad one. */
  readonly good: (index: number) => { input: number[]; output: number[] };
  readonly bad: (index: number) => number[];
  readonly reason: RegExp;
}

const poisoned: Record<string, Poisoned> = {
  gather: {
    model: tenTimes(TABLE),
    good: (index) => ({ input: [index, TABLE - 1 - index], output: [10 * index, 10 * (TABLE - 1 - index)] }),
    bad: (index) => [index, TABLE + (index % 8)],
    reason: /out of data bounds/,
  },
  reshape: {
    model: reshapeByData(),
    good: (index) => ({ input: [index, 1, 2, 3], output: [2 * index, 2, 4, 6] }),
    bad: (index) => [2_000 + index, 1, 2, 3],
    reason: /Reshape|cannot be reshaped/,
  },
  division: {
    model: integerDivision(),
    good: (index) => ({ input: [3 * index, 3], output: [index] }),
    bad: (index) => [index, 0],
    reason: /division by zero/,
  },
};

let server: TestServer;
let url: string;
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });

before(async () => {
  server = await startTestServer({
    ...Object.fromEntries(Object.entries(poisoned).map(([name, { model }]) => [`${name}/model.onnx`, model])),
    // The probe divides by zero, too.
    'division/model.yaml': 'batching: { rows_independent: true }',
    'roots/model.onnx': nanForNegative(),
    'roots/model.yaml': 'outputs: { reject_non_finite: true }',
  });
  url = `http://127.0.0.1:${(server.server.address() as { port: number }).port}`;
});
after(async () => {
  agent.destroy();
  await server.stop();
});

const metric = async (name: string, labels: Record<string, string>) =>
  metricValue((await server.get('/metrics')).text, name, labels) ?? 0;

/** Asks `ask` for each number on its turn, from so many clients at once that each wait for their answer. */
async function fromClients(ask: (index: number) => Promise<void>): Promise<number> {
  let next = 0;
  const client = async () => {
    for (let sent = 0; sent < REQUESTS_EACH; sent += 1) {
      next += 1;
      await ask(next - 1);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, client));
  return next;
}

const isBad = (index: number) => index % POISON_EVERY === 5;

for (const [model, { good, bad, reason }] of Object.entries(poisoned)) {
  describe(`${model}: one item in ${POISON_EVERY} on which the model fails, at ${CONNECTIONS} connections`, () => {
    it('fails by itself, and every other one has its own answer', async () => {
      const total = await fromClients(async (index) => {
        const { input, output } = good(index);
        const body = { model, input: isBad(index) ? bad(index) : input };
        const answer: Answer = await postJson(`${url}/predict`, body, { agent });
        if (isBad(index)) {
          assert.deepEqual([answer.status, answer.body['code']], [422, 'EXECUTION_FAILED']);
          assert.match(answer.body['detail'] as string, reason);
        } else {
          assert.equal(answer.status, 200, JSON.stringify(answer.body));
          assert.deepEqual(answer.body['output'], { y: output });
        }
      });
      const culprits = await metric('millrace_culprits_total', { model, reason: 'EXECUTION_FAILED' });
      assert.equal(culprits, total / POISON_EVERY);
      assert.ok((await metric('millrace_bisections_total', { model })) > 0, 'some batch held more than one item');
    });
  });
}

describe('a model whose outputs must be finite', () => {
  it('fails the items whose rows hold NaN, and none beside them', async () => {
    await fromClients(async (index) => {
      const input = [index, isBad(index) ? -1 : 4, 9, 16];
      const { status, body } = await postJson(`${url}/predict`, { model: 'roots', input }, { agent });
      if (isBad(index)) {
        const { code, path, got } = body;
        assert.deepEqual([status, code, path, got], [422, 'OUTPUT_NOT_FINITE', 'output.y', 'NaN in element 1']);
      } else {
        assert.equal(status, 200);
        assert.deepEqual((body['output'] as { y: number[] }).y.slice(1), [2, 3, 4]);
        assert.equal((body['output'] as { y: number[] }).y.map(Math.fround)[0], Math.fround(Math.sqrt(index)));
      }
    });
    assert.equal(await metric('millrace_bisections_total', { model: 'roots' }), 0);
    assert.equal(await metric('millrace_batches_total', { model: 'roots', outcome: 'EXECUTION_FAILED' }), 0);
  });
});
