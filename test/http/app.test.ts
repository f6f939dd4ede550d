import assert from 'node:assert/strict';
import type { Server } from 'node:http';
import { describe, it } from 'node:test';
import request from 'supertest';
import { systemClock } from '#src/core/clock.js';
import { MillraceError } from '#src/core/errors.js';
import { noEvents } from '#src/core/events.js';
import type { Access } from '#src/http/access.js';
import { AnswerHeaders } from '#src/http/answer-headers.js';
import { type AppOptions, createApp } from '#src/http/app.js';
import { createExpressServer } from '#src/http/express-server.js';
import { httpLimitsSchema } from '#src/http/limits.js';
import { OpenAccess } from '#src/http/open-access.js';
import { type Route, sendText } from '#src/http/route.js';

const context: AppOptions = {
  clock: systemClock,
  events: noEvents,
  ids: () => 'made-here',
  access: new OpenAccess({ origins: [], isLocal: false }),
  answerHeaders: new AnswerHeaders({ hsts: false, origins: [] }),
  trustedProxies: [],
};

/** A route that answers with what it was asked for; `changes` replaces parts of it. */
function route(changes: Partial<Route> = {}): Route {
  return {
    method: 'get',
    path: '/things/:name',
    scope: 'public',
    handle: ({ request, response, context }) =>
      sendText(response, 200, JSON.stringify({ name: request.params['name'], route: context.route })),
    ...changes,
  };
}

function serverFor(...routes: Route[]): Server {
  return createExpressServer(createApp(routes, context), httpLimitsSchema.parse({}));
}

describe('createApp', () => {
  it('does not start with a route that declares no scope of the list', () => {
    const { scope: _, ...open } = route();
    assert.throws(() => createApp([open as Route], context), /get \/things\/:name declares no scope/);
    assert.throws(() => createApp([route({ scope: 'everybody' as 'public' })], context), /declares no scope/);
  });

  it('does not start with a route that stands twice', () => {
    assert.throws(() => createApp([route(), route()], context), /get \/things\/:name stands twice/);
    createApp([route(), route({ method: 'delete' })], context);
  });

  it('gives the request to its route, which is known by its pattern', async () => {
    const { body } = await request(serverFor(route())).get('/things/a%2Fb').expect(200);
    assert.deepEqual(body, { name: 'a/b', route: '/things/:name' });
  });

  it('answers HEAD like GET without a body', async () => {
    const answer = await request(serverFor(route())).head('/things/a').expect(200);
    assert.equal(answer.headers['content-length'], String('{"name":"a","route":"/things/:name"}'.length));
    assert.equal(answer.text, undefined);
  });

  it('answers a method that the path does not have with those that it has', async () => {
    const server = serverFor(route(), route({ method: 'delete' }), route({ method: 'post', path: '/only' }));
    const answer = await request(server).put('/things/a').expect(405).expect('Allow', 'GET, DELETE, HEAD');
    assert.equal(answer.body.code, 'METHOD_NOT_ALLOWED');
    await request(server).options('/things/a').expect(405);
    await request(server).get('/only').expect(405).expect('Allow', 'POST');
  });

  it('answers a path that nothing is at, and one whose case differs', async () => {
    const server = serverFor(route());
    const answer = await request(server)
      .get(`/elsewhere/${'x'.repeat(500)}?q=1`)
      .expect(404);
    assert.equal(answer.headers['content-type'], 'application/problem+json');
    assert.equal(answer.body.code, 'NOT_FOUND');
    assert.ok(answer.body.got.length < 200, answer.body.got);
    await request(server).get('/Things/a').expect(404);
  });

  it('answers a path that is not percent-encoded UTF-8', async () => {
    for (const path of ['/things/%ff', '/things/%E0%A4%A', '/things/%zz']) {
      const { body } = await request(serverFor(route())).get(path).expect(400);
      assert.deepEqual([body.code, body.path], ['INVALID_REQUEST', 'url']);
    }
  });

  it('keeps to itself what failed inside, thrown or rejected', async () => {
    const secret = new Error('no file /srv/secret');
    const thrower = (handle: Route['handle']) => serverFor(route({ handle }));
    const throwing = () => {
      throw secret;
    };
    for (const server of [thrower(throwing), thrower(() => Promise.reject(secret))]) {
      const answer = await request(server).get('/things/a').expect(500);
      assert.equal(answer.body.code, 'INTERNAL');
      assert.equal(answer.body.request_id, 'made-here');
      assert.doesNotMatch(answer.text, /secret/);
    }
  });

  it('ends the connection when a route fails in the middle of its answer', async () => {
    const handle: Route['handle'] = ({ response }) => {
      response.write('half');
      throw new Error('broken');
    };
    await assert.rejects(request(serverFor(route({ handle }))).get('/things/a'), /aborted|socket hang up/);
  });

  it('asks, in the route that matched, whether a request may use it', async () => {
    const refusal = new MillraceError('FORBIDDEN', 'Not you.');
    const asked: string[] = [];
    const access: Access = {
      isOpen: false,
      admit: (_, scope) => {
        asked.push(scope);
        return scope === 'public' ? { tenant: 'somebody' } : refusal;
      },
    };
    let handled = 0;
    const closed = route({ path: '/closed/:name', scope: 'jobs', handle: () => void (handled += 1) });
    const open = route({
      handle: ({ response, context }) => sendText(response, 200, JSON.stringify({ tenant: context.tenant })),
    });
    const server = createExpressServer(createApp([closed, open], { ...context, access }), httpLimitsSchema.parse({}));
    assert.equal((await request(server).get('/things/a')).body.tenant, 'somebody');
    assert.equal((await request(server).get('/closed/things')).body.code, 'FORBIDDEN');
    await request(server).get('/nothing').expect(404);
    await request(server).put('/closed/a').expect(405);
    assert.deepEqual([asked, handled], [['public', 'jobs'], 0]);
  });

  it('lets a page say what it may load, in place of nothing', async () => {
    const policy = "default-src 'self'";
    const page = route({ handle: ({ response }) => sendText(response, 200, '<p>', { type: 'text/html', policy }) });
    await request(serverFor(page)).get('/things/a').expect('Content-Security-Policy', policy);
  });

  it('says nothing of Express', async () => {
    const { headers } = await request(serverFor(route())).get('/things/a');
    assert.equal(headers['x-powered-by'], undefined);
    assert.equal(headers['etag'], undefined);
  });
});

describe('request ids', () => {
  const idFor = async (sent: string): Promise<string> => {
    const { headers } = await request(serverFor(route())).get('/things/a').set('X-Request-Id', sent);
    return headers['x-request-id'] as string;
  };

  it('are the client’s where they are fit to be logged', async () => {
    for (const id of ['abc-1', 'A.b:c+d/e=f@g_h', 'x'.repeat(128)]) assert.equal(await idFor(id), id);
  });

  it('are made by the server otherwise', async () => {
    for (const id of ['', 'two words', '{"a":1}', 'x'.repeat(129), 'ü']) assert.equal(await idFor(id), 'made-here');
  });

  it('stand in the problem and in the header alike', async () => {
    const answer = await request(serverFor(route())).get('/nothing').set('X-Request-Id', 'mine');
    assert.equal(answer.body.request_id, 'mine');
    assert.equal(answer.headers['x-request-id'], 'mine');
  });
});

describe('traceparent', () => {
  const traceFor = async (sent: string): Promise<string | undefined> => {
    const { headers } = await request(serverFor(route())).get('/things/a').set('traceparent', sent);
    return headers['traceparent'];
  };

  it('is given back when it is valid', async () => {
    const valid = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    assert.equal(await traceFor(valid), valid);
  });

  it('is left out when it is not', async () => {
    for (const wrong of [
      'nonsense',
      `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
      `00-0af7651916cd43dd8448eb211c80319c-${'0'.repeat(16)}-01`,
      '00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01',
      '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more',
    ]) {
      assert.equal(await traceFor(wrong), undefined, wrong);
    }
  });
});
