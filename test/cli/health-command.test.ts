import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { runCommand } from '../support/command-line.js';
import { affine } from '../support/fixture-models.js';
import { createModelFolder, type FolderContents } from '../support/model-folder.js';
import { spawnServer } from '../support/spawned-server.js';

async function folderWith(t: TestContext, contents: FolderContents): Promise<string> {
  const folder = await createModelFolder(contents);
  t.after(() => folder.remove());
  return folder.dir;
}

/** A server that answers as the test wants. */
async function serverThat(t: TestContext, answer: RequestListener, host = '127.0.0.1') {
  const server = createServer(answer).listen(0, host);
  await once(server, 'listening');
  t.after(() => stop(server));
  const { port } = server.address() as AddressInfo;
  return { server, port: String(port), url: `http://${host.includes(':') ? `[${host}]` : host}:${port}` };
}

async function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  if (server.listening) await once(server.close(), 'close');
}

const answering =
  (status: number): RequestListener =>
  (_request, response) => {
    response.writeHead(status).end();
  };

interface Run {
  readonly args?: string[];
  readonly env?: Record<string, string>;
  readonly files?: FolderContents;
}

async function health(t: TestContext, { args = [], env = {}, files = {} }: Run) {
  return runCommand(['health', ...args], { cwd: await folderWith(t, files), env });
}

describe('millrace health', () => {
  it('says that a server is ready that is, and ends with 0', async (t) => {
    const server = await spawnServer([], { cwd: await folderWith(t, { 'models/affine.onnx': affine() }) });
    t.after(() => server.stop());
    const ready = { code: 0, stdout: `${server.url}/healthz/ready: ready\n`, stderr: '' };
    assert.deepEqual(await health(t, { args: ['--url', server.url] }), ready);
    const live = { code: 0, stdout: `${server.url}/healthz/live: live\n`, stderr: '' };
    assert.deepEqual(await health(t, { args: ['--live', '--url', server.url] }), live);
  });

  it('ends with 1 when a server is not ready, though it answers', async (t) => {
    const server = await spawnServer(['--auth', 'none'], {
      cwd: await folderWith(t, { 'models/affine.onnx': affine() }),
      env: { MILLRACE_SHUTDOWN__GRACE_MS: '1800000' },
    });
    t.after(() => server.stop());
    server.signal('SIGTERM');
    const { port } = new URL(server.url);
    const ask = (...args: string[]) => health(t, { args, env: { MILLRACE_PORT: port } });
    let answer = await ask();
    while (answer.code === 0) answer = await ask();
    const said = `millrace: http://127.0.0.1:${port}/healthz/ready: it answered 503\n`;
    assert.deepEqual(answer, { code: 1, stdout: '', stderr: said });
    assert.equal((await ask('--live')).code, 0);
  });

  it('takes nothing but a 200 for health, and follows nobody elsewhere', async (t) => {
    const { url } = await serverThat(t, answering(200));
    for (const status of [204, 302, 404, 500]) {
      const other = await serverThat(t, (_request, response) => {
        response.writeHead(status, { location: url }).end();
      });
      const { code, stderr } = await health(t, { args: ['--url', other.url] });
      assert.deepEqual([code, stderr], [1, `millrace: ${other.url}/healthz/ready: it answered ${status}\n`]);
    }
  });

  it('ends with 1 when nothing listens, or what listens does not answer', async (t) => {
    const gone = await serverThat(t, answering(200));
    await stop(gone.server);
    const refused = await health(t, { args: ['--url', gone.url] });
    assert.deepEqual(
      [refused.code, refused.stderr],
      [1, `millrace: ${gone.url}/healthz/ready: nothing listens there\n`],
    );
    const silent = await serverThat(t, () => undefined);
    const { code, stderr } = await health(t, { args: ['--url', silent.url] });
    assert.deepEqual([code, stderr], [1, `millrace: ${silent.url}/healthz/ready: no answer within 2000 ms\n`]);
  });

  it('is not held up by an answer that does not end', async (t) => {
    const { url } = await serverThat(t, (_request, response) => {
      response.writeHead(200).write('{');
    });
    assert.equal((await health(t, { args: ['--url', url] })).code, 0);
  });

  it('asks where the settings say that the server listens', async (t) => {
    const { port, url } = await serverThat(t, answering(200));
    const ready = { code: 0, stdout: `${url}/healthz/ready: ready\n`, stderr: '' };
    const places: Run[] = [
      { env: { MILLRACE_PORT: port } },
      { env: { MILLRACE_PORT: port, MILLRACE_HOST: '0.0.0.0' } },
      { files: { 'millrace.yaml': `port: ${port}` } },
      { files: { 'other.yaml': `{ port: ${port}, host: 0.0.0.0 }` }, env: { MILLRACE_CONFIG: 'other.yaml' } },
      // What else is wrong there keeps the server from starting, which is then what there is to say.
      { files: { 'millrace.yaml': 'port: 1\nprot: 2' }, env: { MILLRACE_PORT: port, MILLRACE_INSTANCES: '0' } },
    ];
    for (const place of places) assert.deepEqual(await health(t, place), ready, JSON.stringify(place));
  });

  it('asks this machine over IPv6 when the server listens on all addresses of both', async (t) => {
    const server = await serverThat(t, answering(200), '::1').catch(() => undefined);
    if (server === undefined) {
      t.skip('this machine has no IPv6');
      return;
    }
    const { code, stdout } = await health(t, { files: { 'millrace.yaml': `{ host: '::', port: ${server.port} }` } });
    assert.deepEqual([code, stdout], [0, `${server.url}/healthz/ready: ready\n`]);
  });

  it('ends with 2 when it cannot know where the server is', async (t) => {
    const mistakes: [Run, RegExp][] = [
      [{ args: ['--url', '127.0.0.1:8000'] }, /^millrace: --url: .*got 127\.0\.0\.1:8000\n$/],
      [{ args: ['--url', 'ftp://127.0.0.1'] }, /^millrace: --url: /],
      [{ env: { MILLRACE_PORT: 'http' } }, /^millrace: MILLRACE_PORT: .*"http"\n$/],
      [{ files: { 'millrace.yaml': 'port: 0' } }, /^millrace: .*port: 0.*--url\n$/],
      [{ env: { MILLRACE_CONFIG: 'none.yaml' } }, /^millrace: none\.yaml: /],
    ];
    for (const [run, message] of mistakes) {
      const { code, stdout, stderr } = await health(t, run);
      assert.deepEqual([code, stdout], [2, ''], stderr);
      assert.match(stderr, message);
    }
  });
});
