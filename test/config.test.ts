import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ConfigLayer, isLoopback, resolveConfig, type ServerConfig } from '#src/config.js';
import { MillraceError } from '#src/core/errors.js';

/** A layer that calls its settings `name:path`. */
function layer(name: string, values: Record<string, unknown>): ConfigLayer {
  return { values, nameOf: (path) => `${name}:${path}` };
}

function resolve(...values: Record<string, unknown>[]): ServerConfig {
  return resolveConfig(values.map((each, index) => layer(`layer${index + 1}`, each)));
}

/** What is wrong, a line each, in the order of the alphabet. */
function problemsOf(...layers: ConfigLayer[]): string[] {
  try {
    resolveConfig(layers);
  } catch (error) {
    assert.ok(error instanceof MillraceError);
    assert.equal(error.code, 'INVALID_REQUEST');
    return error.message.split('\n').toSorted();
  }
  return assert.fail('the settings should have been refused');
}

describe('resolveConfig', () => {
  it('needs nothing: every setting has a default', () => {
    const config = resolveConfig([]);
    assert.deepEqual([config.models, config.host, config.port], ['./models', '127.0.0.1', 8000]);
    assert.equal(config.limits.keep_alive_ms, 65_000);
    assert.equal(config.limits.queue_rows, 1024);
    assert.equal(config.log.level, 'info');
    assert.equal(config.shutdown.grace_ms, 2000);
    assert.deepEqual([config.cors.origins, config.trusted_proxies], [[], []]);
    for (const key of ['auth', 'tls', 'execution_providers', 'instances']) assert.ok(!Object.hasOwn(config, key), key);
  });

  it('puts later layers over earlier ones, setting by setting', () => {
    const config = resolve(
      { port: 1, host: 'localhost', limits: { body_bytes: 1, max_rows: 1, queue_rows: 1 } },
      { port: 2, limits: { body_bytes: 2, max_rows: 2 } },
      { port: 3, limits: { body_bytes: 3 } },
    );
    assert.deepEqual([config.port, config.host], [3, 'localhost']);
    const { body_bytes, max_rows, queue_rows, connections } = config.limits;
    assert.deepEqual([body_bytes, max_rows, queue_rows, connections], [3, 2, 1, 10_000]);
  });

  it('lets a layer that says nothing of a setting leave it alone', () => {
    assert.equal(resolve({ port: 1 }, { port: undefined }).port, 1);
  });

  it('puts a list in the place of another, and not its elements', () => {
    const { execution_providers } = resolve({ execution_providers: ['cuda', 'cpu'] }, { execution_providers: ['cpu'] });
    assert.deepEqual(execution_providers, [{ name: 'cpu', options: {} }]);
  });

  it('leaves the layers as they were', () => {
    const below = { limits: { body_bytes: 1 } };
    resolve(below, { limits: { body_bytes: 2, max_rows: 3 } });
    assert.deepEqual(below, { limits: { body_bytes: 1 } });
  });

  it('tells everything that is wrong at once, each as its layer calls it', () => {
    const problems = problemsOf(
      layer('file', { port: 'x', limits: { body_bytes: 0, queue_rows: 5 } }),
      layer('environment', { log: { level: 'loud' }, limits: { queue_rows: 'many' } }),
      layer('flags', { port: 70_000, modles: './m' }),
    );
    const expected = [
      /^environment:limits\.queue_rows: expected number; got the string "many"$/,
      /^environment:log\.level: expected one of .*"info".*; got the string "loud"$/,
      /^file:limits\.body_bytes: .*>=1; got the number 0$/,
      /^flags:modles: unknown key \(did you mean models\?\); expected models, host, port, /,
      /^flags:port: .*<=65535; got the number 70000$/,
    ];
    assert.equal(problems.length, expected.length, problems.join('\n'));
    for (const [index, pattern] of expected.entries()) assert.match(problems[index] as string, pattern);
  });

  it('names the layer of an element of a list, and of a mapping that is none', () => {
    const file = layer('file', { execution_providers: ['cdua'], limits: { max_rows: 1 } });
    const environment = layer('environment', { limits: 5 });
    const [limits, providers] = problemsOf(file, environment);
    assert.equal(limits, 'environment:limits: expected object; got the number 5');
    assert.match(providers as string, /^file:execution_providers\[0\]: /);
  });

  it('suggests a setting of a section that was meant', () => {
    const [problem] = problemsOf(layer('file', { limits: { body_byte: 1 } }));
    assert.match(problem as string, /^file:limits\.body_byte: unknown key \(did you mean body_bytes\?\)/);
  });
});

describe('a host that other machines reach', () => {
  for (const host of ['0.0.0.0', '::', '192.168.1.5', 'example.org', '127.evil.example', '::ffff:10.0.0.1']) {
    it(`is refused without auth: none, such as ${host}`, () => {
      const [problem, ...others] = problemsOf(layer('file', { host: '127.0.0.1' }), layer('flags', { host }));
      assert.deepEqual(others, []);
      assert.ok(problem?.startsWith(`flags:host: ${host} can be reached`), problem);
      assert.ok(problem?.includes('auth: none'), problem);
    });
  }

  it('is taken with auth: none, from whatever layer', () => {
    const config = resolve({ auth: 'none' }, { host: '0.0.0.0' });
    assert.deepEqual([config.host, config.auth], ['0.0.0.0', 'none']);
  });

  it('is taken with a file of keys, unless a later layer opens it', () => {
    const config = resolve({ auth: 'none' }, { host: '0.0.0.0', auth: { keys_file: 'keys.yaml' } });
    assert.deepEqual([config.host, config.auth], ['0.0.0.0', { keys_file: 'keys.yaml' }]);
    assert.equal(resolve({ auth: { keys_file: 'keys.yaml' } }, { host: '::', auth: 'none' }).auth, 'none');
  });

  it('is told of beside everything else that is wrong', () => {
    const [host, port] = problemsOf(layer('flags', { host: '0.0.0.0', port: 'x' }));
    assert.match(host as string, /^flags:host: 0\.0\.0\.0 can be reached/);
    assert.match(port as string, /^flags:port: /);
  });

  it('is none of those that only this machine reaches', () => {
    for (const host of ['127.0.0.1', '127.3.2.1', 'localhost', '::1']) {
      assert.equal(isLoopback(host), true, host);
      assert.equal(resolve({ host }).host, host);
    }
  });
});
