import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { resolveConfig } from '#src/config.js';
import { environmentLayer, fileLayer, flagLayer, scalar } from '#src/config-sources.js';
import { MillraceError } from '#src/core/errors.js';
import { createModelFolder } from './support/model-folder.js';

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof MillraceError);
    assert.equal(error.code, 'INVALID_REQUEST');
    return error.message;
  }
  return assert.fail('it should have been refused');
}

describe('environmentLayer', () => {
  it('takes an IPv6 address for one, also where it is a mapping in YAML', () => {
    const layer = environmentLayer({ MILLRACE_HOST: '::', MILLRACE_API_KEY: 'mk_1' });
    assert.deepEqual(layer.values, { host: '::' });
    assert.equal(scalar('::1'), '::1');
    assert.equal(scalar('fe80::'), 'fe80::');
  });

  it('reads what begins with MILLRACE_, with two underscores between the levels', () => {
    const { values, nameOf } = environmentLayer({
      MILLRACE_PORT: '9000',
      MILLRACE_HOST: '::1',
      MILLRACE_LIMITS__BODY_BYTES: '100',
      MILLRACE_LIMITS__MAX_ROWS: '5',
      MILLRACE_EXECUTION_PROVIDERS: '[cuda, {name: cpu}]',
      MILLRACE_MODELS: undefined,
      PORT: '1',
      PATH: '/bin',
      millrace_port: '2',
    });
    assert.deepEqual(values, {
      port: 9000,
      host: '::1',
      limits: { body_bytes: 100, max_rows: 5 },
      execution_providers: ['cuda', { name: 'cpu' }],
    });
    assert.equal(nameOf('port'), 'MILLRACE_PORT');
    assert.equal(nameOf('limits.body_bytes'), 'MILLRACE_LIMITS__BODY_BYTES');
  });

  it('puts a part over the whole, in whatever order the variables come', () => {
    const variables = { MILLRACE_LIMITS: '{max_rows: 5, queue_rows: 6}', MILLRACE_LIMITS__MAX_ROWS: '7' };
    for (const entries of [Object.entries(variables), Object.entries(variables).toReversed()]) {
      const { values } = environmentLayer(Object.fromEntries(entries));
      assert.deepEqual(values, { limits: { max_rows: 7, queue_rows: 6 } });
    }
  });

  it('leaves out what is no setting: the name of the file, and the server that the command line asks', () => {
    const variables = { MILLRACE_CONFIG: './millrace.yaml', MILLRACE_URL: 'http://127.0.0.1:9000' };
    assert.deepEqual(environmentLayer(variables).values, {});
  });

  it('passes over what Kubernetes sets for a Service called millrace', () => {
    const { values } = environmentLayer({
      MILLRACE_SERVICE_HOST: '10.0.0.11',
      MILLRACE_SERVICE_PORT: '8000',
      MILLRACE_SERVICE_PORT_HTTP: '8000',
      MILLRACE_PORT: 'tcp://10.0.0.11:8000',
      MILLRACE_PORT_8000_TCP: 'tcp://10.0.0.11:8000',
      MILLRACE_PORT_8000_TCP_PROTO: 'tcp',
      MILLRACE_PORT_8000_TCP_PORT: '8000',
      MILLRACE_PORT_8000_TCP_ADDR: '10.0.0.11',
      MILLRACE_PORT_53_UDP: 'udp://10.0.0.11:53',
    });
    assert.deepEqual(values, {});
    assert.deepEqual(environmentLayer({ MILLRACE_PORT: 'udp://10.0.0.11:53' }).values, {});
  });

  it('does not pass over a misspelt setting', () => {
    const message = messageOf(() => resolveConfig([environmentLayer({ MILLRACE_LOG__LEVL: 'info' })]));
    assert.match(message, /^MILLRACE_LOG__LEVL: unknown key \(did you mean level\?\)/);
    const port = messageOf(() => resolveConfig([environmentLayer({ MILLRACE_PORT: 'http://x' })]));
    assert.match(port, /^MILLRACE_PORT: expected number; got the string "http:\/\/x"/);
  });

  it('sets no prototype', () => {
    environmentLayer({ MILLRACE_CONSTRUCTOR__PROTOTYPE__POLLUTED: '1', MILLRACE___PROTO____POLLUTED: '1' });
    assert.equal(Reflect.get({}, 'polluted'), undefined);
  });
});

describe('fileLayer', () => {
  it('reads a mapping and names the file in messages', async (t) => {
    const folder = await createModelFolder({
      'millrace.yaml': 'port: 9000\nlimits:\n  max_rows: 0\n',
      'empty.yaml': '',
    });
    t.after(() => folder.remove());
    const path = join(folder.dir, 'millrace.yaml');
    const layer = fileLayer(path, false);
    assert.deepEqual(layer.values, { port: 9000, limits: { max_rows: 0 } });
    assert.match(
      messageOf(() => resolveConfig([layer])),
      /millrace\.yaml: limits\.max_rows: .*got the number 0$/,
    );
    assert.deepEqual(fileLayer(join(folder.dir, 'empty.yaml'), false).values, {});
  });

  it('may be missing only where nobody asked for it', async (t) => {
    const folder = await createModelFolder();
    t.after(() => folder.remove());
    const path = join(folder.dir, 'millrace.yaml');
    assert.deepEqual(fileLayer(path, true).values, {});
    assert.ok(messageOf(() => fileLayer(path, false)).startsWith(`${path}: `));
  });

  it('says what is wrong with a file that is no mapping or no YAML, also where it is optional', async (t) => {
    const folder = await createModelFolder({ 'list.yaml': '- port: 1', 'broken.yaml': 'a: 1\nport: [1\n' });
    t.after(() => folder.remove());
    assert.match(
      messageOf(() => fileLayer(join(folder.dir, 'list.yaml'), true)),
      /list\.yaml: expected a mapping/,
    );
    assert.match(
      messageOf(() => fileLayer(join(folder.dir, 'broken.yaml'), true)),
      /broken\.yaml: .*line [23]/,
    );
    assert.match(
      messageOf(() => fileLayer(folder.dir, true)),
      /EISDIR/,
    );
  });
});

describe('the layers together', () => {
  it('let flags win over the environment, that over the file, and that over the defaults', async (t) => {
    const folder = await createModelFolder({
      'millrace.yaml': 'port: 1\nhost: 127.0.0.2\nmodels: from-file\nlog: {level: warn}\n',
    });
    t.after(() => folder.remove());
    const config = resolveConfig([
      fileLayer(join(folder.dir, 'millrace.yaml'), false),
      environmentLayer({ MILLRACE_PORT: '2', MILLRACE_MODELS: 'from-environment' }),
      flagLayer({ port: 3 }),
    ]);
    assert.deepEqual([config.port, config.models, config.host], [3, 'from-environment', '127.0.0.2']);
    assert.equal(config.log.level, 'warn');
    assert.equal(config.shutdown.grace_ms, 2000);
  });

  it('call each wrong setting by the name that was used', () => {
    const message = messageOf(() =>
      resolveConfig([
        environmentLayer({ MILLRACE_SHUTDOWN__GRACE_MS: 'soon' }),
        flagLayer({ port: 'x', log: { level: 'loud' } }),
      ]),
    );
    assert.match(message, /^MILLRACE_SHUTDOWN__GRACE_MS: expected number; got the string "soon"$/m);
    assert.match(message, /^--port: expected number; got the string "x"$/m);
    assert.match(message, /^--log-level: expected one of /m);
  });
});

describe('scalar', () => {
  const cases: [text: string, value: unknown][] = [
    ['8', 8],
    ['true', true],
    ['text', 'text'],
    ['"8"', '8'],
    ['[a, 1]', ['a', 1]],
    ['0.0.0.0', '0.0.0.0'],
    ['./models', './models'],
    ['', ''],
    ['  ', '  '],
    ['*no alias', '*no alias'],
    ['[not closed', '[not closed'],
    ['#5', '#5'],
  ];
  for (const [text, value] of cases) {
    it(`reads ${JSON.stringify(text)} as ${JSON.stringify(value)}`, () => assert.deepEqual(scalar(text), value));
  }
});
