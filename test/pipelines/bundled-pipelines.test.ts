import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { TensorSpec } from '#src/model/signature.js';
import { Answer } from '#src/pipelines/step.js';
import type { Label } from '#src/pipelines/value-type.js';
import { type LabelRow, openBundledModel, projectFile } from '../support/bundled-model.js';

/** Values that others than this project gave; how each file is made stands beside it. */
function reference(file: string): unknown {
  return JSON.parse(readFileSync(projectFile('test/pipelines/steps/reference', file), 'utf8'));
}

function assertNear(actual: number, expected: number, { within, of }: { within: number; of: string }): void {
  assert.ok(Math.abs(actual - expected) <= within, `${of}: ${actual} and not ${expected}`);
}

const largest = (values: ArrayLike<number>) =>
  Array.from(values).reduce((best, value, at, all) => (value > (all[best] as number) ? at : best), 0);

describe('magika', () => {
  interface Row {
    readonly name: string;
    readonly label: string;
    readonly score: number;
    /** What the model itself said. */
    readonly model: string;
    readonly mime_type: string;
    readonly description: string;
    readonly parts: readonly { readonly text?: string; readonly base64?: string; readonly times?: number }[];
  }
  const rows = reference('magika-expected.json') as readonly Row[];
  const input: TensorSpec = { name: 'bytes', datatype: 'INT32', shape: [2048] };

  const bytesOf = ({ parts }: Row) =>
    Buffer.concat(
      parts.flatMap(({ text, base64, times = 1 }) =>
        Array<Buffer>(times).fill(base64 === undefined ? Buffer.from(text ?? '') : Buffer.from(base64, 'base64')),
      ),
    );

  /** The rules that labels.json has for what the model gave. */
  function said(row: LabelRow, score: number): LabelRow {
    return (score < (row['threshold'] as number) ? row['otherwise'] : (row['as'] ?? row)) as LabelRow;
  }

  it('says of each file what the Python package says', async (t) => {
    const model = await openBundledModel('magika', input);
    t.after(() => model.release());
    for (const row of rows) {
      const result = await model.ask(bytesOf(row));
      if (result instanceof Answer) {
        const [{ label, score, mime_type, description }] = result.value as readonly [Label];
        const { name: _name, model: asked, parts: _parts, ...expected } = row;
        assert.equal(asked, 'undefined', row.name);
        assert.deepEqual({ label, score, mime_type, description }, expected, row.name);
        continue;
      }
      const index = largest(result);
      const own = model.labels[index] as LabelRow;
      const { label, mime_type, description } = said(own, result[index] as number);
      assert.equal(own.label, row.model, row.name);
      assert.deepEqual(
        { label, mime_type, description },
        { label: row.label, mime_type: row.mime_type, description: row.description },
        row.name,
      );
      assertNear(result[index] as number, row.score, { within: 2e-3, of: row.name });
    }
  });

  it('is asked about files of many kinds, and of all ways to be answered', () => {
    const labels = new Set(rows.map(({ label }) => label));
    assert.ok(rows.length >= 100 && labels.size >= 60, `${rows.length} files, ${labels.size} labels`);
    for (const label of ['empty', 'txt', 'unknown'])
      assert.ok(rows.some((row) => row.label === label && row.model === 'undefined'));
    for (const model of ['randombytes', 'ignorefile', 'stlbinary'])
      assert.ok(rows.some((row) => row.model === model && row.label !== model));
  });
});

describe('lande', () => {
  interface Row {
    readonly text: string;
    readonly languages: readonly (readonly [code: string, probability: number])[];
  }
  const rows = reference('lande-expected.json') as readonly Row[];
  const input: TensorSpec = { name: 'ngrams', datatype: 'FP32', shape: [620] };

  it('gives every language the probability that the npm package gives it', async (t) => {
    const model = await openBundledModel('lande', input);
    t.after(() => model.release());
    for (const { text, languages } of rows) {
      const probabilities = (await model.ask(text)) as ArrayLike<number>;
      const expected = new Map(languages);
      const best = model.labels[largest(probabilities)]?.label;
      assert.equal(best, languages[0]?.[0], text);
      for (const [index, { label }] of model.labels.entries()) {
        assertNear(probabilities[index] as number, expected.get(label) ?? 0, {
          within: 1e-4,
          of: `${label} of ${text}`,
        });
      }
    }
    assert.ok(new Set(rows.map(({ languages }) => languages[0]?.[0])).size >= 40);
  });

  it('refuses a text without letters, of which the package is sure that it is Korean', async (t) => {
    const model = await openBundledModel('lande', input);
    t.after(() => model.release());
    for (const text of ['', '  ', '12 345!', '- 👍']) {
      await assert.rejects(model.ask(text), { code: 'INVALID_INPUT' });
    }
  });
});

describe('penguins', () => {
  // Rows of the table that the model was not trained on, with what its weights give in double precision.
  const rows = [
    { x: [45.5, 17, 196, 3500], y: 'Chinstrap', p: [0.0007919551478704581, 0.9982637941903975, 0.0009442506617321083] },
    {
      x: [36.2, 17.2, 187, 3150],
      y: 'Adelie',
      p: [0.9999714434834397, 0.000009946545381796325, 0.00001860997117845057],
    },
    { x: [50, 15.2, 218, 5700], y: 'Gentoo', p: [0.0000646763820813645, 0.000018858115551534512, 0.9999164655023671] },
    {
      x: [42.6, 13.7, 213, 4950],
      y: 'Gentoo',
      p: [0.00020161993854088417, 0.000052622154610043496, 0.9997457579068492],
    },
    {
      x: [40.5, 18.9, 180, 3950],
      y: 'Adelie',
      p: [0.9999670029675884, 0.000015073028858071292, 0.000017924003553656572],
    },
    { x: [46.2, 14.4, 214, 4650], y: 'Gentoo', p: [0.0003960539898869901, 0.00036352526574180596, 0.9992404207443711] },
  ];

  it('tells the species of records, by name and in order', async (t) => {
    const model = await openBundledModel('penguins', { name: 'features', datatype: 'FP32', shape: [4] });
    t.after(() => model.release());
    for (const { x, y, p } of rows) {
      const [beak_length_mm, beak_depth_mm, flipper_length_mm, body_mass_g] = x;
      for (const record of [x, { body_mass_g, flipper_length_mm, beak_depth_mm, beak_length_mm }]) {
        const probabilities = (await model.ask(record)) as ArrayLike<number>;
        assert.equal(model.labels[largest(probabilities)]?.label, y);
        for (const [index, expected] of p.entries()) {
          assertNear(probabilities[index] as number, expected, { within: 1e-5, of: `${index} of ${x.join()}` });
        }
      }
    }
  });
});
