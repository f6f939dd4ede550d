import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ServiceError, status } from '@grpc/grpc-js';
import { version } from '#src/version.js';
import { EventWatch } from '../support/event-watch.js';
import { affine } from '../support/fixture-models.js';
import { detailsOf, inferAffine, startGrpc } from '../support/grpc-client.js';

const models = { 'affine.onnx': affine(), 'broken.onnx': 'no model' };

/** An answer as plain JSON: what has its type's default is left out. */
const plain = (answer: object) => JSON.parse(JSON.stringify(answer)) as Record<string, unknown>;

describe('the methods about the server', () => {
  it('say that it lives, is ready, and what it is', async (t) => {
    const { client } = await startGrpc(t, models);
    assert.equal((await client.call('ServerLive', {}))['live'], true);
    assert.equal((await client.call('ServerReady', {}))['ready'], true);
    const {
      name,
      version: own,
      extensions,
    } = await client.call<{ name: string; version: string; extensions: string[] }>('ServerMetadata', {});
    assert.deepEqual([name, own], ['millrace', version]);
    assert.ok(extensions.includes('statistics'));
  });

  it('answer for what is off as Triton does', async (t) => {
    const { client } = await startGrpc(t, models);
    for (const kind of ['System', 'Cuda']) {
      assert.deepEqual(plain(await client.call(`${kind}SharedMemoryStatus`, {})), {});
      assert.deepEqual(plain(await client.call(`${kind}SharedMemoryUnregister`, {})), {});
      await assert.rejects(client.call(`${kind}SharedMemoryRegister`, { name: 'x' }), { code: status.UNIMPLEMENTED });
    }
    const { settings: trace } = plain(await client.call('TraceSetting', {})) as { settings: Record<string, unknown> };
    assert.deepEqual(trace['trace_level'], { value: ['OFF'] });
    const { settings: log } = plain(await client.call('LogSettings', {})) as { settings: Record<string, unknown> };
    assert.deepEqual(log['log_info'], { bool_param: true });
    const change = [
      ['TraceSetting', { settings: { trace_level: { value: ['TIMESTAMPS'] } } }],
      ['LogSettings', { settings: { log_info: { bool_param: false } } }],
    ] as const;
    for (const [method, request] of change) {
      await assert.rejects(client.call(method, request), { code: status.UNIMPLEMENTED });
    }
  });
});

describe('the methods about models', () => {
  it('say which can be used', async (t) => {
    const { client } = await startGrpc(t, models);
    const ready = async (name: string, of = '') => (await client.call('ModelReady', { name, version: of }))['ready'];
    assert.deepEqual(
      [
        await ready('affine'),
        await ready('affine', '1'),
        await ready('affine', '2'),
        await ready('broken'),
        await ready('no'),
      ],
      [true, true, false, false, false],
    );
  });

  it('describe them', async (t) => {
    const { client } = await startGrpc(t, models);
    assert.deepEqual(plain(await client.call('ModelMetadata', { name: 'affine' })), {
      name: 'affine',
      versions: ['1'],
      platform: 'onnxruntime_onnx',
      inputs: [{ name: 'x', datatype: 'FP32', shape: ['-1', '4'] }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: ['-1', '4'] }],
    });
    const { config } = plain(await client.call('ModelConfig', { name: 'affine' })) as {
      config: Record<string, unknown>;
    };
    assert.equal(config['name'], 'affine');
    assert.deepEqual(config['input'], [{ name: 'x', data_type: 'TYPE_FP32', dims: ['4'] }]);
    for (const method of ['ModelMetadata', 'ModelConfig']) {
      await assert.rejects(client.call(method, { name: 'no' }), { code: status.NOT_FOUND });
      await assert.rejects(client.call(method, { name: 'broken' }), { code: status.UNAVAILABLE });
    }
  });

  it('count what they did', async (t) => {
    const { client, millrace } = await startGrpc(t, models);
    const events = new EventWatch(millrace);
    await inferAffine(client, [1, 2, 3, 4]);
    await events.until('jobSettled');
    const { model_stats } = plain(await client.call('ModelStatistics', { name: 'affine' })) as {
      model_stats: Record<string, unknown>[];
    };
    const [stats, ...others] = model_stats;
    assert.deepEqual([stats?.['name'], stats?.['inference_count'], stats?.['execution_count']], ['affine', '1', '1']);
    const inferences = stats?.['inference_stats'] as { success: { count: string } } | undefined;
    assert.equal(inferences?.success.count, '1');
    assert.equal(others.length, 0);
    const all = plain(await client.call('ModelStatistics', {})) as { model_stats: { name: string }[] };
    assert.deepEqual(
      all.model_stats.map(({ name }) => name),
      ['affine'],
    );
    await assert.rejects(client.call('ModelStatistics', { name: 'no' }), { code: status.NOT_FOUND });
    await assert.rejects(client.call('ModelStatistics', { name: 'affine', version: '9' }), { code: status.NOT_FOUND });
  });
});

describe('the methods about the repository', () => {
  it('list what is in it', async (t) => {
    const { client } = await startGrpc(t, models);
    const index = async (request: object) => {
      const answer = plain(await client.call('RepositoryIndex', request));
      return answer['models'] as { name: string; version: string; state: string; reason: string }[];
    };
    const [affineEntry, broken] = await index({});
    assert.deepEqual(affineEntry, { name: 'affine', version: '1', state: 'READY' });
    assert.deepEqual([broken?.name, broken?.state], ['broken', 'UNAVAILABLE']);
    assert.ok((broken?.reason.length ?? 0) > 0);
    assert.deepEqual(
      (await index({ ready: true })).map(({ name }) => name),
      ['affine'],
    );
    await assert.rejects(index({ repository_name: 'x' }), (error: ServiceError) => {
      assert.equal(error.code, status.UNIMPLEMENTED);
      assert.equal(error.details, "'repository_name' specification is not supported");
      return true;
    });
  });

  it('refuse to load and unload where that is not allowed, and say how it is', async (t) => {
    const { client } = await startGrpc(t, models);
    for (const method of ['RepositoryModelLoad', 'RepositoryModelUnload']) {
      await assert.rejects(client.call(method, { model_name: 'affine' }), (error: ServiceError) => {
        assert.equal(detailsOf(error).reason, 'MODEL_CONTROL_OFF');
        assert.match(error.details, /--model-control explicit/);
        return true;
      });
    }
    const parameters = { odd: { bool_param: true } };
    await assert.rejects(client.call('RepositoryModelLoad', { model_name: 'affine', parameters }), {
      code: status.INVALID_ARGUMENT,
    });
  });
});
