import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { MillraceError } from '#src/core/errors.js';
import { scopes } from '#src/http/access.js';
import { OpenAccess, type OpenAccessOptions } from '#src/http/open-access.js';
import { affine } from '../support/fixture-models.js';
import { startTestServer, type TestServer } from '../support/test-server.js';

/** Where in the headers the fault is; undefined if the request is let in. */
function fault(headers: { host?: string; origin?: string }, options: Partial<OpenAccessOptions> = {}) {
  const caller = new OpenAccess({ origins: [], isLocal: true, ...options }).admit(headers, 'infer');
  if (!(caller instanceof MillraceError)) return undefined;
  assert.equal(caller.code, 'FORBIDDEN');
  return caller.details.path;
}

describe('OpenAccess', () => {
  it('lets everybody in everywhere who is no web page', () => {
    const open = new OpenAccess({ origins: [], isLocal: true });
    for (const scope of scopes) {
      for (const headers of [{}, { host: 'localhost:8000' }, { host: '127.0.0.1:8000', authorization: 'Bearer x' }]) {
        assert.deepEqual(open.admit(headers, scope), { tenant: undefined });
      }
    }
  });

  it('takes names and addresses that only this machine can mean', () => {
    for (const host of [
      'localhost',
      'LOCALHOST:1',
      'a.localhost:8000',
      '[::1]:8000',
      '192.168.1.4:80',
      'printer.local',
    ])
      assert.equal(fault({ host }), undefined, host);
    for (const host of ['example.org', 'example.org:8000', '127.0.0.1.example.org', 'localhost.example.org:80', 'a.b.'])
      assert.equal(fault({ host }), 'headers.host', host);
  });

  it('takes any name where others reach the server, or a proxy stands before it', () => {
    assert.equal(fault({ host: 'models.example.org' }, { isLocal: false }), undefined);
  });

  it('lets in pages of its own origin and of those allowed, and no others', () => {
    const host = 'localhost:8000';
    assert.equal(fault({ host, origin: 'http://localhost:8000' }), undefined);
    for (const origin of ['http://localhost:3000', 'https://example.org', 'null', '']) {
      assert.equal(fault({ host, origin }), 'headers.origin', origin);
      assert.equal(fault({ host, origin }, { origins: ['*'] }), undefined);
    }
    assert.equal(fault({ host, origin: 'https://example.org' }, { origins: ['https://example.org'] }), undefined);
    assert.equal(
      fault({ host, origin: 'https://example.org:8443' }, { origins: ['https://example.org'] }),
      'headers.origin',
    );
  });
});

describe('a server without keys', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer({ 'affine.onnx': affine() });
  });
  after(() => server.stop());

  it('does nothing for the page of another origin, whatever the page calls the server', async () => {
    const ask = (headers: Record<string, string>) =>
      server.post('/predict?model=affine', '{"input":[1,2,3,4.5]}', headers);
    const foreign = await ask({ origin: 'https://example.org' });
    assert.equal(foreign.status, 403);
    assert.deepEqual(
      [foreign.body.code, foreign.body.path, foreign.body.got],
      ['FORBIDDEN', 'headers.origin', 'https://example.org'],
    );
    const renamed = await ask({ host: 'evil.example:8000', origin: 'http://evil.example:8000' });
    assert.deepEqual([renamed.status, renamed.body.path], [403, 'headers.host']);
    assert.equal((await server.get('/models').set('Host', 'evil.example')).status, 403);
    assert.equal((await server.get('/healthz/live').set('Host', 'evil.example')).status, 200);
  });
});
