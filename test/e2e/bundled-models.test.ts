import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { postJson } from '../support/http-client.js';
import { createModelFolder, type ModelFolder } from '../support/model-folder.js';
import { type SpawnedServer, spawnServer } from '../support/spawned-server.js';

/** The models that come with the project. */
const bundled = fileURLToPath(new URL('../models', import.meta.resolve('#src/main.js')));
const inputSizes = { penguins: 4, lande: 620 };

let elsewhere: ModelFolder;
let server: SpawnedServer;

before(async () => {
  elsewhere = await createModelFolder();
  server = await spawnServer(['--models', bundled, '--log-level', 'debug'], { cwd: elsewhere.dir });
});
after(async () => {
  await server.stop();
  await elsewhere.remove();
});

/** Some rows of numbers that look like data, and repeat in every run. */
function rowsFor(model: keyof typeof inputSizes): number[][] {
  const size = inputSizes[model];
  return [0, 1, 2, 3, 4].map((row) =>
    Array.from({ length: size }, (_, index) => (((row + 3) * (index + 1) * 37) % 101) / 4),
  );
}

/** What plain ONNX Runtime gives for each row by itself. */
async function expected(model: keyof typeof inputSizes): Promise<number[][]> {
  const path = join(bundled, model, '1', 'model.onnx');
  const session = await InferenceSession.create(path, { intraOpNumThreads: 1 });
  const outputs: number[][] = [];
  for (const row of rowsFor(model)) {
    const x = new Tensor('float32', Float32Array.from(row), [1, row.length]);
    const { probabilities } = await session.run({ [session.inputNames[0] as string]: x });
    outputs.push(Array.from(probabilities?.data as Float32Array));
  }
  await session.release();
  return outputs;
}

/** As the float32 that they are: their text has no more digits than it takes to tell which. */
const probabilitiesOf = (output: unknown): number[] => {
  return (output as { probabilities: number[] }).probabilities.map(Math.fround);
};

for (const model of ['penguins', 'lande'] as const) {
  describe(model, () => {
    it('gives what plain ONNX Runtime gives, to the last bit', async () => {
      const outputs = await expected(model);
      for (const [row, input] of rowsFor(model).entries()) {
        const { status, body } = await postJson(`${server.url}/predict`, { model, input });
        assert.equal(status, 200);
        assert.deepEqual(probabilitiesOf(body['output']), outputs[row]);
      }
    });

    it('gives the same for rows that ran together', async () => {
      const outputs = await expected(model);
      const { body } = await postJson(`${server.url}/models/${model}/predict`, { inputs: rowsFor(model) });
      const items = body['outputs'] as { output: unknown }[];
      assert.equal(items.length, outputs.length);
      for (const [row, { output }] of items.entries()) {
        for (const [index, value] of probabilitiesOf(output).entries()) {
          const wanted = outputs[row]?.[index] as number;
          assert.ok(Math.abs(value - wanted) <= 1e-6, `${row}, ${index}: ${value} and not ${wanted}`);
        }
      }
    });

    it('works with its own example', async () => {
      const description = (await (await fetch(`${server.url}/models/${model}`)).json()) as {
        versions: [{ example: object }];
      };
      assert.equal((await postJson(`${server.url}/predict`, description.versions[0].example)).status, 200);
    });
  });
}

describe('the log', () => {
  it('is JSON lines that never hold what was sent', async () => {
    const { status } = await postJson(`${server.url}/predict`, { model: 'penguins', input: [123454321, 2, 3, null] });
    assert.equal(status, 400);
    await postJson(`${server.url}/predict`, { model: 'penguins', input: [123454321, 2, 3, 4] });
    const settled = server.log().filter(({ msg }) => msg === 'request');
    assert.ok(settled.some(({ route, code }) => route === '/predict' && code === 'INVALID_INPUT'));
    assert.doesNotMatch(server.output(), /123454321/);
  });
});
