import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { identity } from '../../support/fixture-models.js';
import { startTestServer, type TestServer } from '../../support/test-server.js';

let server: TestServer;

before(async () => {
  server = await startTestServer({
    'rows.onnx': identity('FP32', ['N', 2, 100]),
    'ids.onnx': identity('INT64', ['N', 'length']),
  });
});
after(() => server.stop());

/** Numbers with so few digits that a float32 is written with the same. */
const row = Array.from({ length: 100 }, (_, index) => (index - 50) / 40);
const item = [row, row.toReversed()];
const ids = Array.from({ length: 300 }, (_, index) => index * 1_000_003);

const post = (body: object | string) => server.post('/predict', body);

describe('POST /predict with a long body', () => {
  it('takes nested numbers bare, by name and in lists, and gives them back by the same digits', async () => {
    for (const input of [item, { x: item }]) {
      const { body, text } = await post({ model: 'rows', input }).expect(200);
      assert.deepEqual(body.output, { y: item });
      assert.ok(text.includes(`"output":{"y":${JSON.stringify(item)}}`), text);
    }
    for (const inputs of [
      [item, item],
      [{ x: item }, { x: item }],
      [item, { x: item }],
    ]) {
      const { body } = await post({ inputs, model: 'rows' }).expect(200);
      assert.deepEqual(
        body.outputs.map(({ output }: { output: object }) => output),
        [{ y: item }, { y: item }],
      );
    }
    const { body } = await post({ model: 'ids', input: ids }).expect(200);
    assert.deepEqual(body.output, { y: ids });
  });

  it('says what is wrong as it does of a short one', async () => {
    const wrong: [input: unknown, path: string, got: string][] = [
      [[row, row.with(7, 1e39)], 'input[1][7]', 'the number 1e+39'],
      [{ x: [row, row.slice(1)] }, 'input.x[1]', 'an array of 99'],
      [[row, row, row], 'input', 'an array of 3'],
      [[row, [...row.slice(1), null]], 'input[1][99]', 'null'],
      [{ z: item }, 'input.z', 'another name'],
    ];
    for (const [input, path, got] of wrong) {
      const { body } = await post({ model: 'rows', input }).expect(400);
      assert.deepEqual([body.code, body.path, body.got], ['INVALID_INPUT', path, got]);
    }
    const { body } = await post({ model: 'ids', inputs: [ids, ids.with(3, 0.5), ids.with(299, 2 ** 53)] }).expect(200);
    assert.deepEqual(body.outputs[0].output, { y: ids });
    assert.deepEqual([body.outputs[1].error.path, body.outputs[2].error.path], ['inputs[1][3]', 'inputs[2][299]']);
  });

  it('refuses an integer beyond 2^53, and what is no JSON', async () => {
    const beyond = await post(`{"model":"ids","input":[${ids.join(',')},9007199254740993]}`).expect(400);
    assert.deepEqual([beyond.body.code, beyond.body.path], ['INVALID_INPUT', 'input[300]']);
    for (const end of ['01]}', '1.]}', 'NaN]}', '1]', '1,]}', '1}']) {
      const { body } = await post(`{"model":"ids","input":[${ids.join(',')},${end}`).expect(400);
      assert.deepEqual([body.code, body.path], ['INVALID_JSON', 'body'], end);
    }
  });
});
