import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { affine } from '../support/fixture-models.js';
import { heavy } from '../support/load-models.js';
import { isolations, loadInstance } from '../support/onnx-instances.js';
import { fp32, plainAll } from '../support/tensors.js';

const row = () => ({ x: fp32([1, 4], 1, 2, 3, 4) });
const unloaded = { code: 'INSTANCE_CRASHED', cause: 'it was unloaded' };

for (const isolation of isolations)
  describe(`destroy: ${isolation}`, () => {
    it('settles `ended` with its first reason, and refuses later batches', async (t) => {
      const instance = await loadInstance(t, affine(), { isolation });
      instance.destroy('it was unloaded');
      instance.destroy('again');
      assert.equal(await instance.ended, 'it was unloaded');
      await assert.rejects(instance.run(row()), unloaded);
    });

    // ONNX Runtime ends the whole process when its thread is terminated inside a run: this test fails by ending the file.
    it('fails what runs at once, and does no harm to the process nor to other instances', async (t) => {
      const [busy, other] = [
        await loadInstance(t, heavy(2048), { isolation }),
        await loadInstance(t, affine(), { isolation }),
      ];
      const running = busy.run(row());
      // Time for the batch to get from its thread's inbox into the runtime, where it stays for some 200 ms.
      for (let turn = 0; turn < 20; turn += 1) await other.run(row());
      busy.destroy('it was unloaded');
      await assert.rejects(running, unloaded);
      assert.equal(await busy.ended, 'it was unloaded');
      const { outputs } = await other.run(row());
      assert.deepEqual(plainAll(outputs), { y: { shape: [1, 4], values: [3, 5, 7, 9] } });
    });
  });
