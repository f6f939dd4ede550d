import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { PipelineItems } from '#src/serving/model-input.js';
import type { InferInput, RequestedOutput } from '#src/v2/infer-request.js';
import { ioOf } from '#src/v2/target-io.js';
import { affine, identity } from '../support/fixture-models.js';
import { openFolder, patient } from '../support/served-folder.js';

let served: Awaited<ReturnType<typeof openFolder>>;

before(async () => {
  const labels = '["a", "b", "c", "d"]';
  served = await openFolder({
    // Rows of numbers in, what the labels file calls them out.
    'ranked/model.onnx': affine(),
    'ranked/model.yaml': 'pipeline: { postprocess: [{ labels: labels.json }, { top_k: 2 }] }',
    'ranked/labels.json': labels,
    'scored/model.onnx': affine(),
    'scored/model.yaml': 'pipeline: { postprocess: [softmax] }',
    'passed/model.onnx': affine(),
    'passed/model.yaml': 'pipeline: { postprocess: [] }',
    'numbered/model.onnx': affine(),
    'numbered/model.yaml': 'pipeline: { postprocess: [{ top_k: 1 }] }',
    'columns/model.onnx': affine(),
    'columns/model.yaml':
      'pipeline: { preprocess: [{ columns: [{ name: p }, { name: q }, { name: r }, { name: s }] }] }',
    'files/model.onnx': identity('FP32', ['N', 3, 2, 2]),
    'files/model.yaml':
      'pipeline: { preprocess: [decode_image, { resize: { width: 2, height: 2 } }, image_to_tensor] }',
  });
  await served.manager.loadAll();
});
after(() => served.stop());

const x = (...rows: number[][]): InferInput => ({
  name: 'x',
  datatype: 'FP32',
  shape: [rows.length, 4],
  data: Float32Array.from(rows.flat()),
});

const items = (...data: string[]): InferInput => ({ name: 'input', datatype: 'BYTES', shape: [data.length, 1], data });

/** What a model makes of inputs. */
async function ask(model: string, input: InferInput, wanted: readonly RequestedOutput[] = []) {
  const target = served.manager.resolve(model, undefined);
  const io = ioOf(target);
  const { outputs } = await target.model.infer(io.read([input], { model, maxRows: 10 }), patient);
  return io
    .write(outputs, wanted)
    .map(({ name, datatype, shape, data }) => ({ name, datatype, shape, data: [...data] }));
}

const specs = (model: string) => {
  const { inputs, outputs } = ioOf(served.manager.resolve(model, undefined));
  const text = (side: typeof inputs) =>
    side.map(
      ({ name, datatype, shape }) =>
        `${name} ${datatype} ${shape.map((size) => (typeof size === 'number' ? size : '?')).join('×')}`,
    );
  return { takes: text(inputs), gives: text(outputs) };
};

describe('a pipeline over the protocol', () => {
  it('takes the tensors of its model where it has no preprocessing, and each row is an item', async () => {
    assert.deepEqual(specs('ranked'), { takes: ['x FP32 ?×4'], gives: ['output BYTES ?×1'] });
    const [output] = await ask('ranked', x([1, 2, 3, 4], [8, 7, 6, 5]));
    assert.deepEqual(output, {
      name: 'output',
      datatype: 'BYTES',
      shape: [2, 1],
      data: [
        '[{"label":"d","score":9},{"label":"c","score":7}]',
        '[{"label":"a","score":17},{"label":"b","score":15}]',
      ],
    });
  });

  it('gives labels as classes by their numbers in the labels file', async () => {
    const [output] = await ask('ranked', x([1, 2, 3, 4], [8, 7, 6, 5]), [{ name: 'output', classes: 1 }]);
    assert.deepEqual(
      [output?.shape, output?.data],
      [
        [2, 1],
        ['9:3:d', '17:0:a'],
      ],
    );
    const [more] = await ask('ranked', x([1, 2, 3, 4]), [{ name: 'output', classes: 5 }]);
    assert.deepEqual(
      [more?.shape, more?.data],
      [
        [1, 2],
        ['9:3:d', '7:2:c'],
      ],
    );
    const [numbered] = await ask('numbered', x([1, 2, 3, 4]), [{ name: 'output', classes: 1 }]);
    assert.deepEqual(numbered?.data, ['9:3:3']);
  });

  it('gives scores as a tensor, and its classes', async () => {
    assert.deepEqual(specs('scored').gives, ['output FP32 ?×4']);
    const [output] = await ask('scored', x([0, 0, 0, 0], [0, 0, 0, 50]));
    assert.deepEqual([output?.datatype, output?.shape], ['FP32', [2, 4]]);
    assert.deepEqual(output?.data.slice(0, 4), [0.25, 0.25, 0.25, 0.25]);
    const [best] = await ask('scored', x([0, 0, 0, 50]), [{ name: 'output', classes: 1 }]);
    assert.deepEqual(best?.data, ['1:3']);
  });

  it('gives tensors by their names where it makes nothing else of them', async () => {
    assert.deepEqual(specs('passed').gives, ['y FP32 ?×4']);
    const [output] = await ask('passed', x([1, 2, 3, 4], [5, 6, 7, 8]));
    assert.deepEqual([output?.name, output?.shape, output?.data], ['y', [2, 4], [3, 5, 7, 9, 11, 13, 15, 17]]);
    const none: InferInput = { ...x(), shape: [0, 4] };
    assert.deepEqual((await ask('passed', none))[0]?.shape, [0, 4]);
  });

  it('reads records from JSON', async () => {
    assert.deepEqual(specs('columns').takes, ['input BYTES ?×1']);
    const [output] = await ask('columns', items('[1,2,3,4]', '{"p":4,"q":3,"r":2,"s":1}'));
    assert.deepEqual(
      [output?.shape, output?.data],
      [
        [2, 4],
        [3, 5, 7, 9, 9, 7, 5, 3],
      ],
    );
  });

  it('reads an element as JSON where the input says so', async () => {
    const io = ioOf(served.manager.resolve('files', undefined));
    const said = (content_type: string) => ({ ...items('"data:,x"'), parameters: { content_type } });
    const read = (input: InferInput) => {
      const { items: read } = io.read([input], { model: 'files', maxRows: 1 }) as PipelineItems;
      return Buffer.from(read[0]?.value as Uint8Array).toString();
    };
    assert.equal(read(said('application/json')), 'x');
    assert.equal(read(said('image/png')), '"data:,x"');
  });

  const bad: [what: string, model: string, input: InferInput, message: RegExp][] = [
    [
      'another shape',
      'columns',
      { ...items('1'), shape: [1, 1, 1] },
      /unexpected shape for input 'input'.*Expected \[-1,1\], got \[1,1,1\]/,
    ],
    ['two columns', 'columns', { ...items('1', '2'), shape: [1, 2] }, /Expected \[-1,1\], got \[1,2\]/],
    ['no axis', 'columns', { ...items('1'), shape: [] }, /Expected \[-1,1\], got \[\]/],
    ['other elements than the shape says', 'columns', { ...items('1'), shape: [2] }, /expecting 2 elements but got 1/],
    [
      'numbers',
      'columns',
      { ...x([1, 2, 3, 4]), name: 'input' },
      /data-type is 'FP32', but model 'columns' expects 'BYTES'/,
    ],
    ['no JSON', 'columns', items('[1,2,3,4]', 'no'), /The body is not JSON/],
    [
      'more rows than allowed',
      'passed',
      { ...x(), shape: [11, 4], data: new Float32Array(44) },
      /batch-size must be <= 10/,
    ],
    ['more items than allowed', 'columns', items(...new Array<string>(11).fill('no')), /batch-size must be <= 10/],
  ];
  for (const [what, model, input, message] of bad) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(ask(model, input), { name: 'MillraceError', message });
    });
  }

  it('fails with the first item that does, when all are done', async () => {
    await assert.rejects(
      ask('columns', items('[1,2,3,4]', '[1,2]', '{"z":1}')),
      (error: { details: { path: string } }) => {
        assert.match(error.details.path, /^input\[1\]/);
        return true;
      },
    );
  });
});
