import assert from 'node:assert/strict';
import { join, sep } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { OnnxBackend } from '#src/runtime/onnx-backend.js';
import {
  affine,
  bf16,
  externalData,
  notTensor,
  timeMajor,
  unknownRank,
  unnamedAxes,
} from '../support/fixture-models.js';
import { createModelFolder, type FolderContents } from '../support/model-folder.js';
import { cpuSpec, isolations, loadInstance, patientStart } from '../support/onnx-instances.js';
import { fp32, plainAll } from '../support/tensors.js';

for (const isolation of isolations)
  describe(`start: ${isolation}`, () => {
    it('reads names, datatypes and shapes off the file', async (t) => {
      const { signature, provider, name } = await loadInstance(t, timeMajor(3), { isolation });
      const shape = [3, { symbol: 'N' }, 2];
      assert.deepEqual(signature.inputs, [{ name: 'x', datatype: 'FP32', shape }]);
      assert.deepEqual(signature.outputs, [{ name: 'y', datatype: 'FP32', shape }]);
      assert.deepEqual([provider, name], ['cpu', 'test/1#0']);
    });

    it('gives free dimensions without a name none', async (t) => {
      const { signature } = await loadInstance(t, unnamedAxes(), { isolation });
      assert.deepEqual(signature.inputs, [{ name: 'x', datatype: 'FP32', shape: [{ symbol: null }, 4] }]);
    });

    it('reads an unknown rank like that of a scalar, since the runtime reports both alike', async (t) => {
      const { signature } = await loadInstance(t, unknownRank(), { isolation });
      assert.deepEqual(signature.inputs, [{ name: 'x', datatype: 'FP32', shape: [] }]);
    });

    it('loads weights from the file beside the model', async (t) => {
      const { model, data } = externalData('weights.bin');
      const instance = await loadInstance(t, { 'model.onnx': model, 'weights.bin': data }, { isolation });
      const { outputs } = await instance.run({ x: fp32([1, 4], 1, 1, 1, 1) });
      assert.deepEqual(plainAll(outputs), { y: { shape: [1, 4], values: [2, 3, 4, 5] } });
    });

    it('hands session configuration entries on to the runtime', async (t) => {
      const load = loadInstance(t, affine(), {
        isolation,
        session: { config: { 'session.load_model_format': 'ORT' } },
      });
      await assert.rejects(load, { code: 'MODEL_UNAVAILABLE', message: /ORT model/ });
    });

    it('hands the entries of `session.config` on to the runtime', async (t) => {
      const config = { 'session.disable_cpu_ep_fallback': '1' };
      await assert.rejects(
        loadInstance(t, affine(), { isolation, session: { config } }),
        /fallback to CPU EP has been explicitly disabled/,
      );
    });

    const refused: { name: string; files: FolderContents; reason: RegExp }[] = [
      { name: 'BF16', files: { 'model.onnx': bf16() }, reason: /BF16.*convert it/ },
      { name: 'an input that is a sequence', files: { 'model.onnx': notTensor() }, reason: /xs is a sequence/ },
      { name: 'a file that is no model', files: { 'model.onnx': 'not a model' }, reason: /model\.onnx.*Protobuf/ },
      { name: 'an empty file', files: { 'model.onnx': '' }, reason: /failed:.*does not have a graph/ },
      { name: 'half a file', files: { 'model.onnx': affine().slice(0, 60) }, reason: /Protobuf/ },
      { name: 'no file', files: {}, reason: /model\.onnx.*exist/ },
      {
        name: 'a file of weights that is missing',
        files: { 'model.onnx': externalData('weights.bin').model },
        reason: /weights\.bin/,
      },
      {
        name: 'weights outside its folder',
        files: {
          'model.onnx': externalData('../weights.bin').model,
          '../weights.bin': externalData('../weights.bin').data,
        },
        reason: /weights\.bin/,
      },
    ];
    /** Loads the model from a folder of this name inside a temporary one; gives why it was refused, and those folders. */
    async function refusal(t: TestContext, files: FolderContents, parent: string) {
      const inside = Object.entries(files).map(([path, content]) => [join(parent, 'version', path), content]);
      const folder = await createModelFolder(Object.fromEntries(inside));
      t.after(() => folder.remove());
      const path = join(folder.dir, parent, 'version', 'model.onnx');
      const error = await new OnnxBackend().start(cpuSpec(path, {}, isolation), patientStart).then(
        () => assert.fail('the model loaded'),
        (error: Error & { code?: string }) => error,
      );
      assert.equal(error.code, 'MODEL_UNAVAILABLE');
      return { message: error.message, folders: [...folder.dir.split(sep).slice(1), ...parent.split(' ')] };
    }

    for (const { name, files, reason } of refused) {
      it(`refuses ${name}, with a reason that names no folder`, async (t) => {
        const { message, folders } = await refusal(t, files, 'repository');
        assert.match(message, /^The model could not be loaded: /);
        assert.match(message, reason);
        for (const folder of folders) assert.ok(!message.includes(folder), message);
      });
    }

    it('names no folder with a blank in its name either', async (t) => {
      const { message, folders } = await refusal(t, { 'model.onnx': 'not a model' }, 'jane doe');
      for (const folder of folders) assert.ok(!message.includes(folder), message);
    });
  });
