import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { errorTable, MillraceError } from '#src/core/errors.js';
import { problemHeaders, problemOf } from '#src/http/problem.js';

describe('problemOf', () => {
  it('says what the table says of the code, and what the occurrence adds', () => {
    const details = { path: 'model', expected: 'a name', got: 'penguin', didYouMean: ['penguins'] };
    assert.deepEqual(problemOf(new MillraceError('MODEL_NOT_FOUND', 'Not here.', details), 'r-1'), {
      type: 'urn:millrace:error:model-not-found',
      title: 'There is no such model',
      status: 404,
      code: 'MODEL_NOT_FOUND',
      detail: 'Not here.',
      path: 'model',
      expected: 'a name',
      got: 'penguin',
      did_you_mean: ['penguins'],
      retryable: false,
      request_id: 'r-1',
    });
  });

  it('has no key for what is not known, and nothing of the cause', () => {
    const cause = new Error('/srv/models/secret');
    const problem = problemOf(
      new MillraceError('QUEUE_FULL', 'Full.', { didYouMean: [], retryAfterMs: 5, cause }),
      'r',
    );
    assert.deepEqual(Object.keys(problem), ['type', 'title', 'status', 'code', 'detail', 'retryable', 'request_id']);
    assert.equal(problem.retryable, true);
    assert.doesNotMatch(JSON.stringify(problem), /secret/);
  });

  it('says that a request may be sent again where it says when, as for a model that is loading', () => {
    const retryable = (error: MillraceError) => problemOf(error, 'r').retryable;
    assert.equal(retryable(new MillraceError('MODEL_UNAVAILABLE', 'Loading.', { retryAfterMs: 1_000 })), true);
    assert.equal(retryable(new MillraceError('MODEL_UNAVAILABLE', 'Broken.')), false);
  });

  it('gives every code of the table a status that is an error', () => {
    for (const code of Object.keys(errorTable) as (keyof typeof errorTable)[]) {
      const { status, type } = problemOf(new MillraceError(code, ''), '');
      assert.ok(status >= 400 && status < 600, code);
      assert.match(type, /^urn:millrace:error:[a-z-]+$/);
    }
  });
});

describe('problemHeaders', () => {
  it('rounds the pause up to whole seconds', () => {
    const after = (retryAfterMs: number) => problemHeaders(new MillraceError('QUEUE_FULL', '', { retryAfterMs }));
    assert.deepEqual(after(1_001), { 'Retry-After': '2' });
    assert.deepEqual(after(3_000), { 'Retry-After': '3' });
  });

  it('asks nobody to come again to a model that cannot be used, but to one that is loading', () => {
    assert.deepEqual(problemHeaders(new MillraceError('MODEL_UNAVAILABLE', 'Broken.')), {});
    const loading = new MillraceError('MODEL_UNAVAILABLE', 'Loading.', { retryAfterMs: 1_000 });
    assert.deepEqual(problemHeaders(loading), { 'Retry-After': '1' });
  });

  it('asks for a second after every 503 that may be sent again and says no other pause', () => {
    assert.deepEqual(problemHeaders(new MillraceError('INSTANCE_CRASHED', '')), { 'Retry-After': '1' });
    assert.deepEqual(problemHeaders(new MillraceError('INVALID_INPUT', '')), {});
  });

  it('says how a key is sent where one is asked for, and not where it is not enough', () => {
    const headers = problemHeaders(new MillraceError('UNAUTHENTICATED', ''));
    assert.deepEqual(headers, { 'WWW-Authenticate': 'Bearer realm="millrace"' });
    assert.deepEqual(problemHeaders(new MillraceError('FORBIDDEN', '')), {});
  });

  it('names the methods that the path takes', () => {
    const error = new MillraceError('METHOD_NOT_ALLOWED', '', { allow: ['GET', 'HEAD'] });
    assert.deepEqual(problemHeaders(error), { Allow: 'GET, HEAD' });
  });

  it('names the codings that are taken', () => {
    const error = new MillraceError('UNSUPPORTED_MEDIA_TYPE', '', { acceptEncoding: ['gzip', 'br'] });
    assert.deepEqual(problemHeaders(error), { 'Accept-Encoding': 'gzip, br' });
  });
});
