import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';
import { projectFile } from '../../support/bundled-model.js';
import { bearer, keysFile, testKey } from '../../support/keys.js';
import { createModelFolder, type ModelFolder } from '../../support/model-folder.js';
import { startTestServer, type TestServer } from '../../support/test-server.js';

// A server that asks for keys: everybody may see the description, as the welcome page.
let server: TestServer;
let keys: ModelFolder;
before(async () => {
  keys = await createModelFolder({ 'keys.yaml': keysFile(testKey('one')) });
  server = await startTestServer({}, { auth: { keys_file: `${keys.dir}/keys.yaml` } });
});
after(async () => {
  await server.stop();
  await keys.remove();
});

describe('GET /openapi.yaml', () => {
  it('is the file of the project, and says the same as /openapi.json', async () => {
    const { text, headers } = await server.get('/openapi.yaml').buffer().expect(200);
    assert.equal(headers['content-type'], 'application/yaml');
    assert.equal(text, readFileSync(projectFile('openapi.yaml'), 'utf8'));
    const { body } = await server.get('/openapi.json').expect(200).expect('content-type', 'application/json');
    assert.deepEqual(body, parse(text));
  });
});

describe('GET /docs', () => {
  it('loads nothing but files of this server, which there are, also behind a path with a slash', async () => {
    for (const path of ['/docs', '/docs/']) {
      const { text, headers } = await server.get(path).expect(200);
      assert.equal(headers['content-type'], 'text/html; charset=utf-8');
      const loaded = [...text.matchAll(/(?:src|href|data-document)="([^"]+)"/g)].map(([, url]) => url as string);
      const files = loaded.filter((url) => url !== 'data:,');
      assert.ok(files.length >= 5, loaded.join());
      for (const file of files) {
        const { origin, pathname } = new URL(file, server.millrace.url + path);
        assert.equal(origin, server.millrace.url);
        await server.get(pathname).buffer().expect(200);
      }
    }
  });

  it('lets nothing in from elsewhere, and no script that stands in the page', async () => {
    const { text, headers } = await server.get('/docs');
    const policy = headers['content-security-policy'] as string;
    assert.match(policy, /^default-src 'none'; script-src 'self';/);
    assert.doesNotMatch(policy, /unsafe|https?:|\*/);
    assert.doesNotMatch(text, /<script>|<style|style=|\son\w+="/);
    const { headers: others } = await server.get('/docs/swagger-ui.css');
    assert.equal(others['content-security-policy'], "default-src 'none'; frame-ancestors 'none'");
  });

  it('has no other files', async () => {
    for (const name of ['LICENSE', 'index.html', '..%2fmain.js', '__proto__']) {
      const { body } = await server
        .get(`/docs/${name}`)
        .set(bearer(testKey('one')))
        .expect(404);
      assert.deepEqual([body.code, body.path], ['NOT_FOUND', 'file']);
    }
  });
});
