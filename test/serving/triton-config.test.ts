import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { modelConfigSchema } from '#src/serving/model-config.js';
import { configFromTriton } from '#src/serving/triton-config.js';

const read = (config: object) => configFromTriton(JSON.stringify(config), 'm');

describe('configFromTriton', () => {
  for (const [name, triton, own] of [
    ['nothing', {}, {}],
    ['names and backends', { name: 'm', platform: 'onnxruntime_onnx', backend: 'onnxruntime' }, {}],
    ['the batch size', { max_batch_size: 8 }, { batching: { max_batch_size: 8 }, limits: { max_rows: 8 } }],
    ['no batching', { max_batch_size: 0 }, { batching: { max_batch_size: 1 } }],
    [
      'the delay',
      { dynamic_batching: { max_queue_delay_microseconds: 1_500 } },
      { batching: { policy: 'static', max_queue_delay_ms: 1.5 } },
    ],
    ['batching as it is', { dynamic_batching: {} }, {}],
    ['instances', { instance_group: [{ count: 2, kind: 'KIND_CPU' }] }, { instances: { count: 2, device: 'cpu' } }],
    ['the newest versions', { version_policy: { latest: { num_versions: 2 } } }, { versions: { latest: 2 } }],
    ['all versions', { version_policy: { all: {} } }, { versions: 'all' }],
    ['some versions', { version_policy: { specific: { versions: [1, 3] } } }, { versions: [1, 3] }],
    [
      'keys of model.yaml',
      { limits: { queue_rows: 3 }, warmup: { enabled: false } },
      { limits: { queue_rows: 3 }, warmup: { enabled: false } },
    ],
    [
      'both',
      { max_batch_size: 8, limits: { queue_rows: 3 } },
      { batching: { max_batch_size: 8 }, limits: { max_rows: 8, queue_rows: 3 } },
    ],
  ] as const) {
    it(`reads ${name}`, () => {
      assert.deepEqual(read(triton), own);
      assert.ok(modelConfigSchema.safeParse(read(triton)).success);
    });
  }

  for (const [text, message] of [
    ['', /is no JSON/],
    ['[1]', /expected an object/],
    ['null', /expected an object/],
    ['['.repeat(1_000), /nests too deep/],
    ['{"name": "other"}', /name: expected m; got other/],
    ['{"max_batch_size": -1}', /max_batch_size/],
    ['{"backend": "python"}', /backend/],
    ['{"instance_group": [{}, {}]}', /instance_group/],
    ['{"dynamic_batching": {"preferred_batch_size": [4]}}', /preferred_batch_size/],
    [`{"a": "${'x'.repeat(2 ** 20)}"}`, /longer than/],
  ] as const) {
    it(`refuses ${text.slice(0, 60)}`, () => {
      assert.throws(() => configFromTriton(text, 'm'), { code: 'INVALID_REQUEST', message });
    });
  }
});
