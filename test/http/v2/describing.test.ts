import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { affine, fixedBatchOne, identity, noBatchAxis, sharedInput, timeMajor } from '../../support/fixture-models.js';
import { bearer, keysFile, testKey } from '../../support/keys.js';
import { createModelFolder } from '../../support/model-folder.js';
import { bytes } from '../../support/pipeline-models.js';
import { startTestServer, type TestServer } from '../../support/test-server.js';
import { askV2, type V2Request } from '../../support/v2-client.js';

let server: TestServer;

before(async () => {
  server = await startTestServer(
    {
      ...bytes,
      'affine/1/model.onnx': affine(),
      'affine/2/model.onnx': affine(),
      'affine/model.yaml': 'versions: all\nbatching: { policy: static, max_batch_size: 8, max_queue_delay_ms: 0.5 }',
      'shared.onnx': sharedInput(),
      'single.onnx': fixedBatchOne(),
      'whole.onnx': noBatchAxis(),
      'sideways.onnx': timeMajor(3),
      'bf16.onnx': identity('BF16', ['N']),
    },
    { model_code: true, limits: { max_rows: 500 } },
  );
});
after(() => server.stop());

const ask = (path: string, request?: V2Request) => askV2(server.millrace, `/v2${path}`, request);

describe('a server of the protocol', () => {
  it('says that it lives and is ready', async () => {
    assert.deepEqual((await ask('/health/live')).json, { live: true });
    assert.deepEqual((await ask('/health/ready')).json, { ready: true });
  });

  it('says who it is, and what it does beyond the protocol', async () => {
    const { json } = await ask('');
    assert.equal(json['name'], 'millrace');
    for (const extension of ['statistics', 'binary_tensor_data', 'classification', 'model_repository']) {
      assert.ok((json['extensions'] as string[]).includes(extension), extension);
    }
  });

  it('lists its models', async () => {
    const { json } = await ask('/models');
    const names = ['affine', 'bf16', 'bytes', 'bytes.tensors', 'shared', 'sideways', 'single', 'whole'];
    assert.deepEqual(json, { models: names });
  });

  it('is unready for good once it stops', async (t) => {
    const stopping = await startTestServer({}, { shutdown: { grace_ms: 60_000 } });
    t.after(() => stopping.stop());
    void stopping.millrace.close();
    const { status, json } = await askV2(stopping.millrace, '/v2/health/ready');
    assert.deepEqual([status, json], [503, { ready: false }]);
    assert.equal((await askV2(stopping.millrace, '/v2/health/live')).status, 200);
  });
});

describe('a model of the protocol', () => {
  it('says what it takes and gives', async () => {
    const tensor = (name: string) => ({ name, datatype: 'FP32', shape: [-1, 4] });
    const metadata = { name: 'affine', versions: ['1', '2'], platform: 'onnxruntime_onnx' };
    const expected = { ...metadata, inputs: [tensor('x')], outputs: [tensor('y')] };
    assert.deepEqual((await ask('/models/affine')).json, expected);
    assert.deepEqual((await ask('/models/affine/versions/1')).json, expected);
  });

  it('takes and gives BYTES where it has a pipeline', async () => {
    const { json } = await ask('/models/bytes');
    const item = (name: string) => ({ name, datatype: 'BYTES', shape: [-1, 1] });
    assert.deepEqual([json['inputs'], json['outputs']], [[item('input')], [item('output')]]);
    assert.equal(json['platform'], 'millrace_pipeline');
  });

  it('is told apart from one that there is none of, and one that cannot be used', async () => {
    for (const path of ['', '/config', '/stats', '/ready', '/versions/7', '/versions/7/ready', '/versions/7/stats']) {
      const name = path.startsWith('/versions') ? 'affine' : 'nobody';
      const { status, json } = await ask(`/models/${name}${path}`);
      assert.equal(status, 404, path);
      assert.match(json.error ?? '', /^Request for unknown model: '\w+'( version 7)? is not found/);
    }
    const { status, json } = await ask('/models/bf16');
    assert.equal(status, 503);
    assert.match(json.error ?? '', /^Request for unknown model: 'bf16' is not at ready state: .* BF16, /);
  });

  it('says whether it is ready', async () => {
    assert.deepEqual((await ask('/models/affine/ready')).json, { name: 'affine', ready: true });
    assert.equal((await ask('/models/affine/versions/2/ready')).status, 200);
    const { status, json } = await ask('/models/bf16/ready');
    assert.deepEqual([status, json], [400, { name: 'bf16', ready: false }]);
  });
});

describe('the configuration of a model', () => {
  const config = async (model: string) => (await ask(`/models/${model}/config`)).json;
  const dims = ({ input, output }: Record<string, unknown>) =>
    [input, output].map((side) => (side as { dims: number[] }[]).map((each) => each.dims));

  it('leaves the batch axis out where it stands in front of every tensor', async () => {
    const affine = await config('affine');
    assert.equal(affine['max_batch_size'], 500);
    assert.deepEqual(dims(affine), [[[4]], [[4]]]);
    assert.deepEqual((affine['input'] as object[])[0], {
      name: 'x',
      data_type: 'TYPE_FP32',
      dims: [4],
      format: 'FORMAT_NONE',
      is_shape_tensor: false,
      allow_ragged_batch: false,
      optional: false,
    });
    assert.equal((affine['dynamic_batching'] as Record<string, number>)['max_queue_delay_microseconds'], 500);
    assert.deepEqual(affine['version_policy'], { all: {} });
    assert.deepEqual(affine['model_transaction_policy'], { decoupled: false });
  });

  it('has whole shapes and no batches elsewhere', async () => {
    for (const [model, shapes] of [
      ['shared', [[[-1, 3], []], [[-1, 3]]]],
      ['whole', [[[2, 3]], [[2, 3]]]],
      ['sideways', [[[3, -1, 2]], [[3, -1, 2]]]],
    ] as const) {
      const found = await config(model);
      assert.deepEqual([found['max_batch_size'], dims(found)], [0, shapes], model);
      assert.equal('dynamic_batching' in found, false);
    }
  });

  it('takes several rows for a model that was exported for one, since they run in turn', async () => {
    const single = await config('single');
    assert.deepEqual([single['max_batch_size'], dims(single)], [500, [[[4]], [[4]]]]);
    assert.equal('dynamic_batching' in single, false);
  });

  it('counts items for a pipeline, as many as a request may hold', async () => {
    const found = await config('bytes');
    assert.deepEqual([found['max_batch_size'], dims(found)], [500, [[[1]], [[1]]]]);
    assert.equal((found['input'] as { data_type: string }[])[0]?.data_type, 'TYPE_STRING');
  });
});

describe('the statistics of a model', () => {
  it('are those of each version that is ready, or of one, or of all models', async () => {
    const names = async (path: string) => {
      const { json } = await ask(path);
      return (json['model_stats'] as { name: string; version: string }[]).map(
        ({ name, version }) => `${name}/${version}`,
      );
    };
    assert.deepEqual(await names('/models/affine/stats'), ['affine/1', 'affine/2']);
    assert.deepEqual(await names('/models/affine/versions/1/stats'), ['affine/1']);
    assert.deepEqual(await names('/models/bytes.tensors/stats'), ['bytes.tensors/1']);
    assert.deepEqual(await names('/models/bf16/stats'), []);
    const all = ['affine/1', 'affine/2', 'bytes/1', 'shared/1', 'sideways/1', 'single/1', 'whole/1'];
    assert.deepEqual(await names('/models/stats'), all);
  });

  it('count what was asked', async () => {
    const input = { name: 'x', shape: [2, 4], datatype: 'FP32', data: [1, 2, 3, 4, 5, 6, 7, 8] };
    assert.equal((await ask('/models/affine/versions/1/infer', { body: { inputs: [input] } })).status, 200);
    const { json } = await ask('/models/affine/versions/1/stats');
    const [stats] = json['model_stats'] as Record<string, unknown>[];
    assert.deepEqual([stats?.['inference_count'], stats?.['execution_count']], [2, 1]);
    const sizes = (stats?.['batch_stats'] ?? []) as { batch_size: number }[];
    assert.deepEqual(
      sizes.map(({ batch_size }) => batch_size),
      [2],
    );
  });
});

describe('the model repository', () => {
  it('has an index, of all or of what is ready', async () => {
    const { json } = await ask('/repository/index', { body: '' });
    const index = json as unknown as { name: string; version?: string; state: string; reason: string }[];
    assert.deepEqual(
      index.map(({ name, version, state }) => `${name} ${version} ${state}`),
      [
        'affine 1 READY',
        'affine 2 READY',
        'bf16 1 UNAVAILABLE',
        'bytes 1 READY',
        'bytes.tensors 1 READY',
        'shared 1 READY',
        'sideways 1 READY',
        'single 1 READY',
        'whole 1 READY',
      ],
    );
    assert.match(index.find(({ name }) => name === 'bf16')?.reason ?? '', /BF16/);
    const ready = (await ask('/repository/index', { body: { ready: true } })).json as unknown as object[];
    assert.equal(ready.length, 8);
  });

  it('loads and unloads nothing, and says how to allow it', async () => {
    for (const order of ['load', 'unload']) {
      const { status, json } = await ask(`/repository/models/affine/${order}`, { body: {} });
      assert.equal(status, 503);
      assert.match(json.error ?? '', /^explicit model load \/ unload is not allowed.*--model-control explicit/);
    }
  });

  const bad: [what: string, path: string, body: object | string, status: number, error: RegExp][] = [
    ['a body that is no object', 'index', '[]', 400, /failed to parse the request: .*expected object/],
    ['a word for a flag', 'index', { ready: 'yes' }, 400, /ready: expected boolean; got the string "yes"/],
    [
      'a file without a configuration',
      'models/a/load',
      { parameters: { 'file:1/model.onnx': 'AA==' } },
      400,
      /along with 'config'/,
    ],
    [
      'a configuration that is no text',
      'models/a/load',
      { parameters: { config: {} } },
      400,
      /'config': expected a string/,
    ],
    ['a repository by name', 'mine/index', {}, 501, /'repository_name' specification is not supported/],
    ['a model of a repository by name', 'mine/models/affine/load', {}, 501, /'repository_name' specification/],
  ];
  for (const [what, path, body, status, error] of bad) {
    it(`refuses ${what}`, async () => {
      const reply = await ask(`/repository/${path}`, { body });
      assert.equal(reply.status, status);
      assert.match(reply.json.error ?? '', error);
    });
  }
});

describe('what Triton can change while it runs', () => {
  it('can be looked at', async () => {
    for (const path of ['/trace/setting', '/models/affine/trace/setting']) {
      assert.deepEqual((await ask(path)).json['trace_level'], ['OFF']);
    }
    assert.equal((await ask('/logging')).json['log_format'], 'default');
    assert.equal((await ask('/models/nobody/trace/setting')).status, 404);
  });

  it('stays as it is', async () => {
    for (const path of ['/trace/setting', '/models/affine/trace/setting', '/logging']) {
      assert.equal((await ask(path, { body: { trace_rate: '1' } })).status, 501, path);
    }
  });

  for (const kind of ['system', 'cuda']) {
    it(`has no ${kind} shared memory, which can be forgotten`, async () => {
      const path = `/${kind}sharedmemory`;
      assert.deepEqual((await ask(`${path}/status`)).json, []);
      assert.equal((await ask(`${path}/region/r/status`)).status, 404);
      assert.equal(
        (await ask(`${path}/region/r/register`, { body: { key: '/r', offset: 0, byte_size: 8 } })).status,
        501,
      );
      assert.equal((await ask(`${path}/region/r/unregister`, { body: '' })).status, 200);
      assert.equal((await ask(`${path}/unregister`, { body: '' })).status, 200);
    });
  }
});

describe('paths that the protocol does not have', () => {
  it('are answered in its form', async () => {
    const { status, json } = await ask('/models/affine/nothing');
    assert.equal(status, 404);
    assert.match(json.error ?? '', /^There is nothing at this path/);
    const wrong = await ask('/models/affine/infer');
    assert.deepEqual([wrong.status, wrong.headers.get('allow')], [405, 'POST']);
    assert.match(wrong.json.error ?? '', /^This path does not take GET/);
    assert.equal((await ask('/health/live', { method: 'POST' })).status, 405);
    assert.match((await ask('/models/%zz')).json.error ?? '', /percent-encoded/);
  });
});

describe('with keys', () => {
  const [inference, admin] = [testKey('one', { scopes: ['infer'] }), testKey('two', { scopes: ['admin'] })];

  async function start(t: TestContext) {
    const folder = await createModelFolder({ 'keys.yaml': keysFile(inference, admin) });
    t.after(() => folder.remove());
    const keyed = await startTestServer(
      { 'affine.onnx': affine() },
      { auth: { keys_file: `${folder.dir}/keys.yaml` } },
    );
    t.after(() => keyed.stop());
    return keyed.millrace;
  }

  it('the protocol asks for them as everything else does', async (t) => {
    const millrace = await start(t);
    for (const path of ['', '/health/live', '/health/ready'])
      assert.equal((await askV2(millrace, `/v2${path}`)).status, 200);
    const closed = [
      '/models',
      '/models/affine',
      '/models/affine/config',
      '/models/affine/stats',
      '/models/affine/ready',
    ];
    for (const path of [...closed, '/models/stats', '/trace/setting', '/logging']) {
      const reply = await askV2(millrace, `/v2${path}`);
      assert.equal(reply.status, 401, path);
      assert.ok(reply.headers.get('www-authenticate'));
      assert.equal(typeof reply.json.error, 'string');
      assert.equal((await askV2(millrace, `/v2${path}`, { headers: bearer(inference) })).status, 200, path);
    }
  });

  it('what changes the server is for administrators', async (t) => {
    const millrace = await start(t);
    const post = async (path: string, key: typeof admin) =>
      (await askV2(millrace, `/v2${path}`, { body: '{}', headers: bearer(key) })).status;
    for (const path of ['/repository/models/affine/load', '/repository/models/affine/unload']) {
      assert.deepEqual([await post(path, inference), await post(path, admin)], [403, 503], path);
    }
    assert.deepEqual([await post('/logging', inference), await post('/logging', admin)], [403, 501]);
    assert.deepEqual([await post('/repository/index', inference), await post('/repository/index', admin)], [200, 403]);
  });
});
