import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openOverride } from '#src/serving/load-override.js';

describe('files that come with a load', () => {
  it('are gone again if not all of them can be kept', async (t) => {
    const [before, own] = [process.env['TMPDIR'], await mkdtemp(join(tmpdir(), 'load-override-test-'))];
    process.env['TMPDIR'] = own;
    t.after(async () => {
      if (before === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = before;
      await rm(own, { recursive: true });
    });
    // The first one stands where the second one needs a folder.
    const files = new Map([
      ['1', new Uint8Array(1)],
      ['1/model.onnx', new Uint8Array(1)],
    ]);
    const request = { name: 'm', found: undefined, override: { config: '{}', files }, maxModelBytes: 1_000 };
    await assert.rejects(openOverride(request), { code: 'LOAD_FAILED' });
    assert.deepEqual(await readdir(own), []);
  });
});
