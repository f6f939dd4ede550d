import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { affine } from '../support/fixture-models.js';
import { postJson } from '../support/http-client.js';
import { heavy } from '../support/load-models.js';
import { createModelFolder } from '../support/model-folder.js';
import { spawnServer } from '../support/spawned-server.js';

describe('a model that is not loaded, probed and warmed up in time', () => {
  it('is unavailable, and keeps no other from being served', async (t) => {
    const folder = await createModelFolder({
      'models/good.onnx': affine(),
      // A run takes the better part of a second, and the probe makes several.
      'models/late/1/model.onnx': heavy(3072),
      'models/late/model.yaml': 'limits: { load_timeout_ms: 1500 }',
    });
    t.after(() => folder.remove());
    const server = await spawnServer([], { cwd: folder.dir });
    t.after(() => server.stop());
    const late = (await (await fetch(`${server.url}/models/late`)).json()) as { state: string; reason: string };
    assert.equal(late.state, 'UNAVAILABLE');
    assert.match(late.reason, /not loaded, probed and warmed up within 1500 ms/);
    for (let request = 0; request < 20; request += 1) {
      const { status } = await postJson(`${server.url}/predict`, { model: 'good', input: [1, 2, 3, 4] });
      assert.equal(status, 200);
    }
    server.signal('SIGTERM');
    assert.deepEqual(await server.exit, { code: 0, signal: null });
  });
});
