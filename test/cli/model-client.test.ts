import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { ModelClient, serverUrl } from '#src/cli/model-client.js';
import { ProblemError } from '#src/cli/problem-error.js';

const advice = 'start one';

/** A client of a server that answers like this, and the paths that it is asked for. */
async function clientOf(t: TestContext, answer: RequestListener, maxAnswerBytes?: number) {
  const paths: string[] = [];
  const server = createServer((request, response) => {
    paths.push(String(request.url));
    answer(request, response);
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = new ModelClient(serverUrl(url, '--url'), { advice, ...(maxAnswerBytes && { maxAnswerBytes }) });
  return { client, url, paths };
}

const problemOf = (asked: Promise<unknown>) =>
  asked.then(
    () => assert.fail('it should have failed'),
    (error: unknown) => {
      assert.ok(error instanceof ProblemError, String(error));
      return error.problem;
    },
  );

describe('ModelClient', () => {
  it('follows no redirect', async (t) => {
    for (const location of ['/elsewhere', 'http://127.0.0.1:1/']) {
      const { client, url, paths } = await clientOf(t, (_, response) => {
        response.writeHead(307, { location }).end();
      });
      assert.deepEqual(await problemOf(client.predict('a', '1')), {
        code: 'UNEXPECTED_ANSWER',
        detail: `${url} leads to ${location}, which is not followed`,
      });
      assert.deepEqual(paths, ['/models/a/predict']);
    }
  });

  it('reads no answer that is too long', async (t) => {
    const description = JSON.stringify({ name: 'a', state: 'READY', versions: [] });
    const answer: RequestListener = (_, response) => void response.end(description);
    const { client } = await clientOf(t, answer, description.length);
    assert.equal((await client.describe('a')).text, description);
    const short = await clientOf(t, answer, description.length - 1);
    const { code, detail } = await problemOf(short.client.describe('a'));
    assert.deepEqual(
      [code, detail],
      ['UNEXPECTED_ANSWER', `The answer is longer than ${description.length - 1} bytes.`],
    );
  });

  it('knows an answer that no millrace server gives', async (t) => {
    for (const [status, body] of [
      [200, '<html>'],
      [200, '{"name":"a"}'],
      [404, '{"error":"no"}'],
      [500, ''],
    ] as const) {
      const { client, url } = await clientOf(t, (_, response) => {
        response.writeHead(status, { 'content-type': 'text/x' }).end(body);
      });
      assert.deepEqual(await problemOf(client.describe('a')), {
        code: 'UNEXPECTED_ANSWER',
        detail: `${url} does not answer like a millrace server: with ${status} and text/x`,
      });
    }
  });

  it('puts names into paths as what they are', async (t) => {
    const { client, paths } = await clientOf(t, (_, response) => void response.end());
    await problemOf(client.describe('../a?b#c'));
    await problemOf(client.predict('a/b', '1', { version: '1/2' }));
    assert.deepEqual(paths, ['/models/..%2Fa%3Fb%23c', '/models/a%2Fb/versions/1%2F2/predict']);
  });
});

describe('serverUrl', () => {
  it('takes addresses of servers, also behind a path', () => {
    for (const url of ['http://127.0.0.1:8000/', 'https://models.example/millrace', 'http://[::1]:80/']) {
      assert.equal(serverUrl(url, '--url').href, new URL(url).href);
    }
  });

  it('refuses what is none', () => {
    const wrong = ['localhost:8000', '', 'ftp://localhost', 'http://me:pass@localhost', 'http://a/?b=c', 'http://a/#b'];
    for (const url of wrong) {
      assert.throws(() => serverUrl(url, 'MILLRACE_URL'), {
        code: 'INVALID_REQUEST',
        message: `MILLRACE_URL: expected an address such as http://127.0.0.1:8000; got ${JSON.stringify(url)}`,
      });
    }
  });
});
