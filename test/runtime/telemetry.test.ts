import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { refuseTelemetry } from '#src/runtime/telemetry.js';
import { affine } from '../support/fixture-models.js';
import { createModelFolder } from '../support/model-folder.js';
import { spawnServer } from '../support/spawned-server.js';

describe('telemetry of ONNX Runtime', () => {
  it('is off: a server leaves no identifier in the home of its user', async (t) => {
    const folder = await createModelFolder({ 'models/affine.onnx': affine() });
    const home = await mkdtemp(join(await realpath(tmpdir()), 'millrace-home-'));
    t.after(() => Promise.all([folder.remove(), rm(home, { recursive: true })]));
    // Where the variable CI says something the runtime is silent of its own accord.
    const env = { HOME: home, XDG_CACHE_HOME: '', CI: '' };
    const server = await spawnServer([], { cwd: folder.dir, env });
    await server.stop();
    assert.ok(
      !existsSync(join(home, '.cache')) && !existsSync(join(home, 'Library')),
      'it wrote into its cache folder',
    );
  });

  it('is what the operator has made it', () => {
    const environment = { ORT_DISABLE_TELEMETRY: '0' };
    refuseTelemetry(environment);
    assert.deepEqual(environment, { ORT_DISABLE_TELEMETRY: '0' });
  });
});
