import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exampleRequest } from '#src/http/example-request.js';
import { welcomePage } from '#src/http/welcome-page.js';
import type { BatchAxes, Signature, TensorSpec } from '#src/model/signature.js';
import type { LoadedModel } from '#src/serving/open-model.js';

interface Example {
  readonly example: { readonly model: string; readonly input: unknown };
}

/** The example for a model with these inputs, whose batch axis is the first where there is one. */
function exampleFor(inputs: TensorSpec[], freeSize?: number): unknown {
  const axes = inputs.map(({ name, shape }): [string, number | null] => [name, shape.length > 0 ? 0 : null]);
  const signature: Signature = { inputs, outputs: [] };
  const batchAxes: BatchAxes = { inputs: Object.fromEntries(axes), outputs: {} };
  const plan = { axes: batchAxes, maxBatchSize: 1, unbatchedBecause: undefined, freeSize };
  return exampleRequest({ name: 'm', form: 'model' }, { signature, plan } as unknown as LoadedModel);
}

const N = { symbol: 'N' };
const free = { symbol: null };

describe('exampleRequest', () => {
  it('gives short numbers, bare where the model has one input', () => {
    const { example } = exampleFor([{ name: 'x', datatype: 'FP32', shape: [N, 3] }]) as Example;
    assert.equal(example.model, 'm');
    const input = example.input as number[];
    assert.equal(input.length, 3);
    for (const value of input) {
      assert.ok(value >= 0 && value <= 1);
      assert.equal(value, Number(value.toFixed(3)));
    }
  });

  it('gives several inputs by their names, and a scalar as a plain value', () => {
    const { example } = exampleFor([
      { name: 'ids', datatype: 'INT64', shape: [N, 2] },
      { name: 'flag', datatype: 'BOOL', shape: [] },
      { name: 'text', datatype: 'BYTES', shape: [N] },
    ]) as Example;
    const { ids, flag, text } = example.input as { ids: number[]; flag: boolean; text: string };
    assert.ok(ids.length === 2 && ids.every((id) => id === 0 || id === 1));
    assert.equal(typeof flag, 'boolean');
    assert.equal(typeof text, 'string');
  });

  it('gives free dimensions the size that worked when the model was probed, else 8', () => {
    const inputs: TensorSpec[] = [{ name: 'x', datatype: 'FP32', shape: [N, free] }];
    assert.equal(((exampleFor(inputs, 16) as Example).example.input as number[]).length, 16);
    assert.equal(((exampleFor(inputs) as Example).example.input as number[]).length, 8);
  });

  it('is left out beyond 2,000 values', () => {
    const of = (size: number) => exampleFor([{ name: 'x', datatype: 'UINT8', shape: [N, size] }]);
    assert.ok('example' in (of(2_000) as object));
    assert.deepEqual(of(2_001), { example_left_out: 'an item has 2001 values' });
  });

  it('is not made where it is left out: no machine could make this one', () => {
    const example = exampleFor([{ name: 'x', datatype: 'FP32', shape: [1, 2 ** 40] }]);
    assert.deepEqual(example, { example_left_out: `an item has ${2 ** 40} values` });
  });
});

describe('welcomePage', () => {
  it('names the version and the other pages, and says that nothing is served', () => {
    const page = welcomePage({ entries: [], version: '1.2.3', origin: 'http://here:1', needsKey: false });
    assert.match(page, /^millrace 1\.2\.3\n\nNo models are served/);
    for (const [method, path] of Object.entries({ POST: '/predict', GET: '/models', DELETE: '/jobs/ID' })) {
      assert.match(page, new RegExp(`${method} ${path}\\b`));
    }
    for (const path of ['/models/NAME', '/jobs/ID', '/healthz/ready', '/metrics', '/version']) {
      assert.ok(page.includes(`GET ${path}`), path);
    }
  });

  it('tells why a model has no version that could be tried', () => {
    const entries = [
      {
        name: 'bad',
        form: 'model' as const,
        versions: [],
        problem: 'bad/model.yaml: batchin: unknown key',
        aliases: {},
        reloadProblem: undefined,
      },
    ];
    const page = welcomePage({ entries, version: '1', origin: 'http://here:1', needsKey: false });
    assert.match(page, /^ {2}bad {2}UNAVAILABLE: bad\/model\.yaml: batchin: unknown key$/m);
    assert.doesNotMatch(page, /curl/);
  });
});
