import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { createServer, type ServerConfigInput } from '#src/server.js';
import { version } from '#src/version.js';
import { affine } from '../../support/fixture-models.js';
import { createModelFolder, type FolderContents } from '../../support/model-folder.js';
import { startTestServer, type TestServer } from '../../support/test-server.js';

async function start(t: TestContext, contents: FolderContents, config?: ServerConfigInput): Promise<TestServer> {
  const server = await startTestServer(contents, config);
  t.after(() => server.stop());
  return server;
}

describe('GET /healthz', () => {
  it('is live at once, and ready when the models have left LOADING', async (t) => {
    const folder = await createModelFolder({ 'affine.onnx': affine() });
    const millrace = await createServer({ models: folder.dir, port: 0, log: { level: 'silent' }, instances: 1 });
    t.after(async () => {
      millrace.destroy();
      await folder.remove();
    });
    const url = await millrace.listen();
    // Asked before anything could load: threads start in later turns.
    const early = millrace.models.ready;
    assert.equal(early, false);
    assert.deepEqual(await (await fetch(`${url}/healthz/live`)).json(), { live: true });
    await millrace.loaded;
    const ready = await fetch(`${url}/healthz/ready`);
    assert.deepEqual([ready.status, await ready.json()], [200, { ready: true }]);
  });

  it('is ready with one good model among bad ones', async (t) => {
    const server = await start(t, { 'affine.onnx': affine(), 'broken.onnx': 'not a model' });
    await server.get('/healthz/ready').expect(200, { ready: true });
  });

  it('is not ready when no model could be loaded', async (t) => {
    const server = await start(t, { 'broken.onnx': 'not a model' });
    await server.get('/healthz/ready').expect(503, { ready: false });
    await server.get('/healthz/live').expect(200);
  });

  it('is ready with an empty folder', async (t) => {
    await (await start(t, {})).get('/healthz/ready').expect(200);
  });
});

describe('GET /version', () => {
  it('names the program, its version and that of Node', async (t) => {
    const server = await start(t, {});
    await server.get('/version').expect(200, { name: 'millrace', version, node: process.version });
  });
});

describe('GET /', () => {
  it('says what is served, and gives a command line that works', async (t) => {
    const server = await start(t, { 'affine.onnx': affine(), 'broken.onnx': 'not a model' });
    const { text, headers } = await server.get('/').expect(200);
    assert.equal(headers['content-type'], 'text/plain; charset=utf-8');
    assert.match(text, /^ {2}affine {2}READY$/m);
    assert.match(text, /^ {2}broken {2}UNAVAILABLE: ./m);
    const [, origin, type, body] = /curl (\S+)\/predict -H '([^']+)' \\\n +-d '([^']+)'/.exec(text) ?? [];
    assert.equal(origin, server.millrace.url);
    const [name, value] = (type as string).split(': ') as [string, string];
    const answer = await fetch(`${origin}/predict`, {
      method: 'POST',
      headers: { [name]: value },
      body: body as string,
    });
    assert.equal(answer.status, 200);
  });

  it('says that the folder is empty', async (t) => {
    assert.match((await (await start(t, {})).get('/')).text, /No models are served/);
  });
});

describe('GET /metrics', () => {
  it('is in Prometheus’s text form and holds what just happened', async (t) => {
    const server = await start(t, { 'affine.onnx': affine() });
    await server.post('/predict', { model: 'affine', input: [1, 2, 3, 4] }).expect(200);
    const { text, headers } = await server.get('/metrics').expect(200);
    assert.match(headers['content-type'] as string, /^text\/plain; version=0\.0\.4/);
    assert.match(text, /^millrace_jobs_total\{model="affine",version="1",outcome="succeeded"\} 1$/m);
    assert.match(text, /^millrace_http_requests_total\{method="POST",route="\/predict",status="200"\} 1$/m);
  });

  it('makes no label of what a client says', async (t) => {
    const server = await start(t, { 'affine.onnx': affine() });
    await server.post('/predict', { model: 'made-up-model', input: 1 }).expect(404);
    await server.post('/models/made-up-model/predict', { input: 1 }).expect(404);
    await server.post('/predict', { model: 'affine', version: 'made-up-version', input: 1 }).expect(404);
    await server.get('/made-up-path').expect(404);
    await server.get('/jobs/made-up-job').expect(404);
    const { text } = await server.get('/metrics');
    assert.doesNotMatch(text, /made-up/);
    assert.match(text, /^millrace_http_requests_total\{method="GET",route="unmatched",status="404"\} 1$/m);
    assert.match(text, /route="\/models\/:name\/predict",status="404"\} 1$/m);
  });
});
