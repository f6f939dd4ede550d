import assert from 'node:assert/strict';
import { parse } from 'node:querystring';
import { describe, it } from 'node:test';
import { asksForRaw, controlsIn, namedIn } from '#src/http/predict-url.js';
import { noControls } from '#src/http/request-controls.js';

/** A URL as Express's simple parser gives it. */
const url = (query: string, params: Record<string, string> = {}) => ({ params, query: parse(query) });

const refusedAt = (path: string) => ({ code: 'INVALID_REQUEST', details: { path, expected: 'one text', got: '2' } });

describe('namedIn', () => {
  it('takes the model and the version from the path or the query', () => {
    assert.deepEqual(namedIn(url('')), {});
    assert.deepEqual(namedIn(url('model=m&version=2&other=1')), { name: 'm', version: '2' });
    assert.deepEqual(namedIn(url('version=2', { name: 'm' })), { name: 'm', version: '2' });
    assert.deepEqual(namedIn(url('model=a%20b', { name: 'a b', version: '1' })), { name: 'a b', version: '1' });
  });

  it('refuses two different ones', () => {
    assert.throws(() => namedIn(url('model=m', { name: 'n' })), {
      details: { path: 'query.model', expected: 'n', got: 'm' },
    });
    assert.throws(() => namedIn(url('version=2', { name: 'n', version: '1' })), {
      details: { path: 'query.version', expected: '1', got: '2' },
    });
    assert.throws(() => namedIn(url('model=m&model=m')), refusedAt('query.model'));
    assert.throws(() => namedIn(url('version=1&version=')), refusedAt('query.version'));
  });

  it('knows no prototype, and no names with brackets', () => {
    assert.deepEqual(namedIn(url('__proto__[model]=m&model[]=m&model[x]=m&constructor=1')), {});
  });
});

describe('asksForRaw', () => {
  it('is what raw says', () => {
    const answers = ['', 'raw=0', 'raw=false', 'raw=1', 'raw=true'].map((query) => asksForRaw(url(query)));
    assert.deepEqual(answers, [false, false, false, true, true]);
  });

  for (const raw of ['', 'yes', 'TRUE', '01']) {
    it(`refuses ${raw || 'nothing'}`, () => {
      const details = { path: 'query.raw', expected: '1, true, 0 or false', got: raw };
      assert.throws(() => asksForRaw(url(`raw=${raw}`)), { code: 'INVALID_REQUEST', details });
    });
  }

  it('refuses to be told twice', () => {
    assert.throws(() => asksForRaw(url('raw=1&raw=1')), refusedAt('query.raw'));
  });
});

describe('controlsIn', () => {
  it('reads the envelope’s fields', () => {
    const query = url('id=a%2Fb&timeout_ms=250&priority=1&parameters=x');
    assert.deepEqual(controlsIn(query), { id: 'a/b', timeoutMs: 250, priority: 1 });
    assert.deepEqual(controlsIn(url('')), noControls);
  });

  it('refuses what an envelope is refused for, and repeated ones', () => {
    assert.throws(() => controlsIn(url('priority=11')), {
      code: 'INVALID_REQUEST',
      details: { path: 'query.priority' },
    });
    assert.throws(() => controlsIn(url('id=%00')), { code: 'INVALID_REQUEST', details: { path: 'query.id' } });
    for (const name of ['id', 'timeout_ms', 'priority']) {
      assert.throws(() => controlsIn(url(`${name}=1&${name}=1`)), refusedAt(`query.${name}`));
    }
  });
});
