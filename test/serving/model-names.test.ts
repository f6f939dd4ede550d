import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RepositoryModel } from '#src/repository/model-repository.js';
import { selectModels } from '#src/serving/model-names.js';

const models = ['affine', 'own', 'own.tensors', 'penguins'].map(
  (name): RepositoryModel => ({ name, configFile: `${name}/model.yaml`, config: {}, versions: [] }),
);
const select = (...names: string[]) => selectModels(models, names).map(({ name }) => name);

describe('selectModels', () => {
  it('picks models by name', () => {
    assert.deepEqual(select('penguins', 'affine', 'affine'), ['affine', 'penguins']);
    assert.deepEqual(select(), []);
  });

  it('picks the model whose tensor form is named, and one that bears this name', () => {
    assert.deepEqual(select('penguins.tensors'), ['penguins']);
    assert.deepEqual(select('own.tensors'), ['own', 'own.tensors']);
    assert.deepEqual(select('own'), ['own']);
  });

  it('says which names are near, if one means no model', () => {
    assert.throws(() => select('affine', 'pinguins'), {
      code: 'MODEL_NOT_FOUND',
      message: 'There is no model of this name. Did you mean penguins?',
      details: {
        path: 'model',
        expected: 'the name of a model that GET /models lists',
        got: 'pinguins',
        didYouMean: ['penguins'],
      },
    });
    assert.throws(() => select('affine.tensor'), { code: 'MODEL_NOT_FOUND' });
    assert.throws(() => select('.tensors'), { code: 'MODEL_NOT_FOUND' });
  });
});
