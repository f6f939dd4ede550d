import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { status } from '@grpc/grpc-js';
import { affine, identity } from '../support/fixture-models.js';
import { affineRequest, type InferAnswer, startGrpc } from '../support/grpc-client.js';

const request = affineRequest([1, 2, 3, 4]);

interface Index {
  readonly models: { name: string; version: string; state: string }[];
}

describe('RepositoryModelLoad and RepositoryModelUnload', () => {
  it('load and unload, with a configuration and files', async (t) => {
    const { client } = await startGrpc(t, { 'affine.onnx': affine() }, { model_control: 'explicit' });
    const index = async () => {
      const { models } = await client.call<Index>('RepositoryIndex', {});
      return models.map(({ name, version, state }) => `${name} ${version} ${state}`);
    };
    const dependents = { unload_dependents: { bool_param: true } };
    await client.call('RepositoryModelUnload', { model_name: 'affine', parameters: dependents });
    assert.deepEqual(await index(), ['affine 1 UNAVAILABLE']);
    await assert.rejects(client.call('ModelInfer', request), { code: status.UNAVAILABLE });
    await client.call('RepositoryModelLoad', { model_name: 'affine' });
    assert.deepEqual(await index(), ['affine 1 READY']);
    const parameters = {
      config: { string_param: '{"max_batch_size": 2}' },
      'file:5/model.onnx': { bytes_param: identity('FP32', ['N', 4]) },
    };
    await client.call('RepositoryModelLoad', { model_name: 'affine', parameters });
    assert.deepEqual(await index(), ['affine 5 READY']);
    assert.equal((await client.call<InferAnswer>('ModelInfer', request)).model_version, '5');
  });
});

describe('a model over gRPC', () => {
  it('is loaded by the first call', async (t) => {
    const { client } = await startGrpc(t, { 'affine.onnx': affine() }, { load_at_start: 'none' });
    assert.equal((await client.call('ModelReady', { name: 'affine' }))['ready'], true);
    assert.equal((await client.call<InferAnswer>('ModelInfer', request)).model_version, '1');
  });

  it('is described by the first call', async (t) => {
    const { client } = await startGrpc(t, { 'affine.onnx': affine() }, { load_at_start: 'none' });
    const { config } = await client.call<{ config: { name: string } }>('ModelConfig', { name: 'affine' });
    assert.equal(config.name, 'affine');
  });

  it('keeps a client on its side of the weights, by metadata', async (t) => {
    const { client } = await startGrpc(t, {
      'affine/1/model.onnx': affine(),
      'affine/2/model.onnx': affine(),
      'affine/model.yaml': 'aliases: { stable: 1, canary: { version: 2, weight: 50 } }',
    });
    const seen = new Set<string>();
    for (let caller = 0; caller < 20; caller += 1) {
      const metadata = { 'x-routing-key': `client-${caller}` };
      const ask = async () => (await client.call<InferAnswer>('ModelInfer', request, { metadata })).model_version;
      const first = await ask();
      assert.equal(await ask(), first);
      seen.add(first);
    }
    assert.equal(seen.size, 2);
  });
});
