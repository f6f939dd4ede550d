import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { runCommand } from '../support/command-line.js';
import { affine } from '../support/fixture-models.js';
import { bearer, keysFile, testKey } from '../support/keys.js';
import { createModelFolder, type FolderContents } from '../support/model-folder.js';
import { spawnServer } from '../support/spawned-server.js';

async function folderWith(t: TestContext, contents: FolderContents): Promise<string> {
  const folder = await createModelFolder(contents);
  t.after(() => folder.remove());
  return folder.dir;
}

/** A folder in which nothing is wrong. */
const good = (t: TestContext) => folderWith(t, { 'models/affine.onnx': affine() });

async function refusal(args: string[], cwd: string, env: Record<string, string> = {}): Promise<string[]> {
  const { code, stdout, stderr } = await runCommand(['serve', ...args], { cwd, env });
  assert.deepEqual([code, stdout], [2, ''], stderr);
  return stderr.trimEnd().split('\n');
}

describe('millrace serve', () => {
  it('refuses a port that is none', async (t) => {
    const cwd = await good(t);
    for (const [flag, port] of ['abc', '70000', ''].flatMap((each) => [
      ['--port', each],
      ['--grpc-port', each],
    ]) as [string, string][]) {
      const [line, ...more] = await refusal([flag, port], cwd);
      assert.match(line as string, new RegExp(`^millrace: ${flag}: .*; got `));
      assert.deepEqual(more, []);
    }
  });

  it('says that another program has the port', async (t) => {
    const other = createServer().listen(0, '127.0.0.1');
    t.after(() => other.close());
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const flags = { '--port': ['--grpc-port', 'off'], '--grpc-port': ['--port', '0'] };
    for (const [flag, others] of Object.entries(flags)) {
      const args = ['serve', flag, String(port), ...others];
      const { code, stderr } = await runCommand(args, { cwd: await good(t) });
      assert.equal(code, 1);
      const taken = `cannot listen on 127.0.0.1:${port}: another program listens there`;
      assert.equal(stderr, `millrace: ${taken}; choose another with ${flag}, or 0 for any that is free\n`);
    }
  });

  it('says that the model folder is missing', async (t) => {
    const cwd = await folderWith(t, {});
    assert.match(
      (await refusal([], cwd)).join(),
      /^millrace: The model folder \.\/models is not there; .*--models DIR/,
    );
    assert.match((await refusal(['--models', 'elsewhere'], cwd)).join(), /model folder elsewhere is not there/);
  });

  it('refuses an address that others can reach, unless auth: none is said', async (t) => {
    const cwd = await good(t);
    for (const host of ['0.0.0.0', '::']) {
      const [line] = await refusal(['--host', host, '--port', '0'], cwd);
      assert.match(line as string, /^millrace: --host: .* can be reached from other machines.*MILLRACE_AUTH=none/);
    }
    for (const [args, env] of [
      [['--auth', 'none'], {}],
      [[], { MILLRACE_AUTH: 'none' }],
    ] as const) {
      const server = await spawnServer(['--host', '0.0.0.0', ...args], { cwd, env });
      await server.stop();
    }
  });

  it('takes an address that others can reach with a file of keys, also one that a variable names', async (t) => {
    const key = testKey('one');
    const cwd = await folderWith(t, { 'models/affine.onnx': affine(), 'keys.yaml': keysFile(key) });
    for (const [args, env] of [
      [['--keys', 'keys.yaml'], { MILLRACE_AUTH: 'none' }],
      [[], { MILLRACE_AUTH__KEYS_FILE: 'keys.yaml', MILLRACE_AUTH: 'none' }],
    ] as const) {
      const server = await spawnServer(['--host', '0.0.0.0', ...args], { cwd, env });
      const statuses = [{}, bearer(key)].map(
        async (headers) => (await fetch(`${server.url}/models`, { headers })).status,
      );
      assert.deepEqual(await Promise.all(statuses), [401, 200]);
      await server.stop();
    }
    assert.match((await refusal(['--keys', 'none.yaml'], cwd)).join(), /^millrace: none\.yaml: ENOENT/);
    assert.match((await refusal(['--keys', ''], cwd)).join(), /^millrace: --keys: /);
  });

  it('takes settings from millrace.yaml, over them those of the environment, over them the options', async (t) => {
    const cwd = await folderWith(t, {
      'from-file/file.onnx': affine(),
      'from-env/env.onnx': affine(),
      'from-flag/flag.onnx': affine(),
      'millrace.yaml': 'models: from-file\nlog: { level: debug }\nlimits: { max_rows: 1, body_bytes: 1000 }',
      'other.yaml': 'models: from-flag',
    });
    const modelsOf = async (args: string[], env: Record<string, string> = {}) => {
      const server = await spawnServer(args, { cwd, env });
      const { models } = (await (await fetch(`${server.url}/models`)).json()) as { models: { name: string }[] };
      const answer = await fetch(`${server.url}/predict`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: models[0]?.name, inputs: [0, 0] }),
      });
      await server.stop();
      const levels = new Set(server.log().map(({ level }) => level));
      return [models[0]?.name, levels.has('debug'), answer.status];
    };
    assert.deepEqual(await modelsOf([]), ['file', true, 400]);
    assert.deepEqual(await modelsOf([], { MILLRACE_MODELS: 'from-env', MILLRACE_LIMITS__MAX_ROWS: '2' }), [
      'env',
      true,
      200,
    ]);
    const flags = ['--models', 'from-flag', '--log-level', 'info'];
    assert.deepEqual(await modelsOf(flags, { MILLRACE_MODELS: 'from-env' }), ['flag', false, 400]);
    assert.deepEqual(await modelsOf(['--config', 'other.yaml']), ['flag', false, 200]);
    assert.deepEqual(await modelsOf([], { MILLRACE_CONFIG: 'other.yaml' }), ['flag', false, 200]);
  });

  it('tells all that is wrong at once, each as its source calls it', async (t) => {
    const cwd = await folderWith(t, { 'millrace.yaml': 'limits: { max_row: 1 }\nport: x\nshutdown: { grace_ms: -1 }' });
    const env = { MILLRACE_INSTANCES: '0', MILLRACE_LOG__LEVEL: 'loud' };
    const lines = await refusal(['--port', '99999', '--auth', 'maybe'], cwd, env);
    const expected = [
      /^millrace: --port: .*99999/,
      /^millrace: --auth: .*"maybe"/,
      /^millrace: MILLRACE_INSTANCES: .*0/,
      /^millrace: MILLRACE_LOG__LEVEL: .*"loud"/,
      /^millrace: \.\/millrace\.yaml: shutdown\.grace_ms: .*-1/,
      /^millrace: \.\/millrace\.yaml: limits\.max_row: unknown key \(did you mean max_rows\?\)/,
    ];
    for (const pattern of expected)
      assert.ok(
        lines.some((line) => pattern.test(line)),
        `${pattern} in\n${lines.join('\n')}`,
      );
    assert.equal(lines.length, expected.length);
  });

  it('says what is wrong with a settings file that it was told to read', async (t) => {
    const cwd = await folderWith(t, { 'list.yaml': '- 1', 'broken.yaml': 'a: [1' });
    assert.match((await refusal(['--config', 'none.yaml'], cwd)).join(), /^millrace: none\.yaml: ENOENT/);
    assert.match((await refusal(['--config', 'list.yaml'], cwd)).join(), /list\.yaml: expected a mapping/);
    assert.match((await refusal(['--config', 'broken.yaml'], cwd)).join(), /^millrace: broken\.yaml: /);
  });
});
