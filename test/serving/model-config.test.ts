import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readYaml } from '#src/core/yaml-document.js';
import { type ModelConfig, readModelConfig } from '#src/serving/model-config.js';

const file = 'penguins/model.yaml';

function configOf(document: unknown): ModelConfig {
  const result = readModelConfig(file, document);
  assert.ok(result.ok, result.ok ? '' : result.problems.join('\n'));
  return result.config;
}

function problemsOf(document: unknown): string[] {
  const result = readModelConfig(file, document);
  assert.equal(result.ok, false, 'the document should have been refused');
  return result.ok ? [] : result.problems;
}

describe('readModelConfig', () => {
  it('needs nothing: an empty file has every default', () => {
    const { batching, outputs, instances, versions, aliases, memory, warmup, limits, session, ...rest } = configOf(
      readYaml(''),
    );
    assert.deepEqual(versions, { latest: 1 });
    assert.deepEqual(instances, { device: 'auto', isolation: 'thread', recycle: {} });
    assert.equal(batching.policy, 'greedy');
    assert.equal(batching.max_batch_size, 16);
    assert.deepEqual(batching.axes, { inputs: {}, outputs: {} });
    assert.equal(batching.rows_independent, false);
    assert.deepEqual(outputs, { reject_non_finite: false });
    assert.deepEqual(warmup, { enabled: true });
    assert.deepEqual([limits, aliases, memory], [{}, {}, { pin: false }]);
    assert.equal(session.intra_op_threads, 1);
    assert.deepEqual(rest, {}, 'which provider runs it is left to the server');
  });

  it('reads every section', () => {
    const config = configOf(
      readYaml(`
        versions: [1, "2"]
        batching:
          policy: static
          max_batch_size: 8
          max_queue_delay_ms: 2.5
          axes: {inputs: {state: 1, sr: shared}, outputs: {stateN: 1}}
        instances: {count: 2, device: "gpu:1"}
        execution_providers: [{name: cuda, options: {device_id: 1}}, cpu]
        session: {intra_op_threads: 2, config: {session.use_env_allocators: "1"}}
        warmup: {enabled: false}
        limits: {queue_rows: 10, timeout_ms: 500}
      `),
    );
    assert.deepEqual(config.versions, [1, '2']);
    assert.equal(config.batching.max_queue_delay_ms, 2.5);
    assert.deepEqual(config.batching.axes, { inputs: { state: 1, sr: 'shared' }, outputs: { stateN: 1 } });
    assert.deepEqual(config.instances, { count: 2, device: 'gpu:1', isolation: 'thread', recycle: {} });
    assert.deepEqual(config.execution_providers, [
      { name: 'cuda', options: { device_id: 1 } },
      { name: 'cpu', options: {} },
    ]);
    assert.deepEqual(config.session.config, { 'session.use_env_allocators': '1' });
    assert.equal(config.warmup.enabled, false);
    assert.deepEqual(config.limits, { queue_rows: 10, timeout_ms: 500 });
  });

  it('names the file and the place of everything that is wrong, at once', () => {
    const problems = problemsOf({
      batching: { max_batch_sise: 4, policy: 'quick' },
      instances: { device: 'gpu' },
      limits: { queue_rows: 0 },
      warmup: true,
    });
    assert.deepEqual(problems.toSorted(), [
      `${file}: batching.max_batch_sise: unknown key (did you mean max_batch_size?); expected policy, max_batch_size, max_queue_delay_ms, axes, shapes, buckets, max_padding, deterministic, rows_independent`,
      `${file}: batching.policy: expected one of "greedy"|"static"; got the string "quick"`,
      `${file}: instances.device: expected auto, cpu or gpu:N; got the string "gpu"`,
      `${file}: limits.queue_rows: expected number to be >=1; got the number 0`,
      `${file}: warmup: expected object; got the boolean true`,
    ]);
  });

  it('suggests a section that was meant', () => {
    assert.match(problemsOf({ batch: {} }).join('\n'), /batch: unknown key/);
    assert.match(problemsOf({ instance: {} }).join('\n'), /instance: unknown key \(did you mean instances\?\)/);
  });

  it('suggests a key that was meant inside the forms of a section', () => {
    assert.match(problemsOf({ versions: { latset: 2 } }).join('\n'), /latset.*did you mean latest\?/);
    const provider = problemsOf({ execution_providers: [{ name: 'cuda', optoins: {} }] }).join('\n');
    assert.match(provider, /execution_providers\[0\]\.optoins: unknown key \(did you mean options\?\)/);
  });

  it('says which providers there are', () => {
    const problem = problemsOf({ execution_providers: ['cdua'] }).join('\n');
    assert.match(problem, /execution_providers\[0\]/);
    for (const name of ['cuda', 'tensorrt', 'webgpu', 'coreml', 'dml', 'cpu']) assert.ok(problem.includes(`"${name}"`));
  });

  const wrong: [name: string, document: unknown][] = [
    ['a list', [{ batching: {} }]],
    ['a text', 'batching'],
    ['an empty section', { batching: null }],
    ['no provider', { execution_providers: [] }],
    ['a batch of none', { batching: { max_batch_size: 0 } }],
    ['a batch of a fraction', { batching: { max_batch_size: 1.5 } }],
    ['a negative delay', { batching: { max_queue_delay_ms: -1 } }],
    ['a negative axis', { batching: { axes: { inputs: { x: -1 } } } }],
    ['an axis by another word than shared', { batching: { axes: { inputs: { x: 'none' } } } }],
    ['no instance', { instances: { count: 0 } }],
    ['more instances than make sense', { instances: { count: 65 } }],
    ['a number as text', { limits: { timeout_ms: '500' } }],
  ];
  for (const [name, document] of wrong) {
    it(`refuses ${name}`, () => {
      for (const problem of problemsOf(document)) assert.ok(problem.startsWith(`${file}: `), problem);
    });
  }
});
