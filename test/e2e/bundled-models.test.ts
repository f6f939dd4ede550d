import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { projectFile } from '../support/bundled-model.js';
import { postJson } from '../support/http-client.js';
import { createModelFolder, type ModelFolder } from '../support/model-folder.js';
import { type SpawnedServer, spawnServer, until } from '../support/spawned-server.js';

/** The models that come with the project. */
const bundled = fileURLToPath(new URL('../models', import.meta.resolve('#src/main.js')));
/** The numbers of one item of the models' tensor forms. */
const inputSizes = { 'penguins.tensors': 4, 'lande.tensors': 620 };

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
  const path = join(bundled, model.replace('.tensors', ''), '1', 'model.onnx');
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

for (const model of ['penguins.tensors', 'lande.tensors'] as const) {
  describe(model, () => {
    it('gives what plain ONNX Runtime gives, to the last bit', async () => {
      const outputs = await expected(model);
      for (const [row, input] of rowsFor(model).entries()) {
        const { status, body } = await postJson(`${server.url}/predict`, { model, input });
        assert.equal(status, 200);
        // The text is the shortest that reads back as the same float32.
        assert.deepEqual(probabilitiesOf(body['output']).map(Math.fround), outputs[row]);
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
  });
}

describe('the example of a model', () => {
  for (const model of [...Object.keys(inputSizes), 'penguins', 'lande', 'magika']) {
    it(`works: ${model}`, async () => {
      const description = (await (await fetch(`${server.url}/models/${model}`)).json()) as {
        versions: [{ example: object }];
      };
      assert.equal((await postJson(`${server.url}/predict`, description.versions[0].example)).status, 200);
    });
  }
});

describe('the pipelines', () => {
  const reference = (file: string): unknown =>
    JSON.parse(readFileSync(projectFile('test/pipelines/steps/reference', file), 'utf8'));

  async function bestOf(answer: Promise<{ status: number; body: Record<string, unknown> }>) {
    const { status, body } = await answer;
    assert.equal(status, 200, JSON.stringify(body));
    return (body['output'] as { label: string; score: number }[])[0];
  }

  interface FileRow {
    readonly name: string;
    readonly label: string;
    readonly score: number;
    readonly parts: readonly { readonly text?: string; readonly base64?: string; readonly times?: number }[];
  }

  async function askMagika({ parts }: FileRow) {
    const file = Buffer.concat(
      parts.flatMap(({ text = '', base64, times = 1 }) =>
        Array<Buffer>(times).fill(base64 === undefined ? Buffer.from(text) : Buffer.from(base64, 'base64')),
      ),
    );
    const headers = { 'content-type': 'application/octet-stream' };
    const answer = await fetch(`${server.url}/models/magika/predict`, { method: 'POST', headers, body: file });
    const { output } = (await answer.json()) as { output: [{ label: string; score: number }] };
    return output[0];
  }

  it('say of files what the Python package magika says', async () => {
    const rows = reference('magika-expected.json') as FileRow[];
    for (const row of rows) {
      const { label, score } = await askMagika(row);
      assert.equal(label, row.label, row.name);
      assert.ok(Math.abs(score - row.score) <= 2e-3, `${row.name}: ${score} and not ${row.score}`);
    }
    // Rows in company are computed in another way than one alone: models/magika/model.yaml has the figures.
    const together = await Promise.all(rows.map(askMagika));
    assert.deepEqual(
      together.map(({ label }) => label),
      rows.map(({ label }) => label),
    );
  });

  it('tell languages', async () => {
    const rows = reference('lande-expected.json') as { text: string; languages: [string, number][] }[];
    // Half a surrogate pair is refused before the model.
    for (const { text, languages } of rows.filter((row) => row.text.isWellFormed())) {
      const best = await bestOf(postJson(`${server.url}/predict`, { model: 'lande', input: text }));
      assert.equal(best?.label, languages[0]?.[0], text);
    }
  });

  it('tell the species of a record, by name and in order', async () => {
    const record = { beak_length_mm: 45.5, beak_depth_mm: 17, flipper_length_mm: 196, body_mass_g: 3500 };
    for (const input of [record, Object.values(record)]) {
      const best = await bestOf(postJson(`${server.url}/predict`, { model: 'penguins', input }));
      assert.deepEqual([best?.label, best?.score.toFixed(4)], ['Chinstrap', '0.9983']);
    }
  });
});

describe('the log', () => {
  it('is JSON lines that never hold what was sent', async () => {
    const { status } = await postJson(`${server.url}/predict`, { model: 'penguins', input: [123454321, 2, 3, null] });
    assert.equal(status, 400);
    await postJson(`${server.url}/predict`, { model: 'penguins', input: [123454321, 2, 3, 4] });
    // The line may come a moment after the answer.
    await until('the refused request is in the log', () => {
      const settled = server.log().filter(({ msg }) => msg === 'request');
      return Promise.resolve(settled.some(({ route, code }) => route === '/predict' && code === 'INVALID_INPUT'));
    });
    assert.doesNotMatch(server.output(), /123454321/);
  });
});
