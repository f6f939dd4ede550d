import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { agreed, noControls, readControls, withControls } from '#src/http/request-controls.js';

describe('readControls', () => {
  it('reads texts, and numbers in texts', () => {
    assert.deepEqual(readControls({ id: '17', timeout_ms: '250', priority: '010' }), {
      id: '17',
      timeoutMs: 250,
      priority: 10,
    });
    assert.deepEqual(readControls({}), noControls);
  });

  it('reads what stands in parameters', () => {
    const parameters = { timeout_ms: 250, priority: 1 };
    assert.deepEqual(readControls({ parameters }), { id: undefined, timeoutMs: 250, priority: 1 });
    assert.deepEqual(readControls({ parameters, priority: '1' }).priority, 1);
    assert.throws(() => readControls({ parameters, priority: '2' }), {
      code: 'INVALID_REQUEST',
      details: { path: 'priority', expected: '2', got: '1' },
    });
  });

  const bad: [said: object, path: string, message: RegExp][] = [
    [{ id: '' }, 'query.id', /got the string ""/],
    [{ id: 'x'.repeat(65) }, 'query.id', /64 characters/],
    [{ id: 'a\nb' }, 'query.id', /without control characters/],
    [{ timeout_ms: '0' }, 'query.timeout_ms', /got the number 0/],
    [{ timeout_ms: '1.5' }, 'query.timeout_ms', /expected number; got the string "1.5"/],
    [{ timeout_ms: '-1' }, 'query.timeout_ms', /got the string "-1"/],
    [{ timeout_ms: '1e3' }, 'query.timeout_ms', /got the string "1e3"/],
    [{ timeout_ms: '9'.repeat(400) }, 'query.timeout_ms', /got the string "9{40}…"/],
    [{ timeout_ms: '' }, 'query.timeout_ms', /got the string ""/],
    [{ priority: '11' }, 'query.priority', /got the number 11/],
    [{ parameters: [] }, 'query.parameters', /expected object; got an array of 0/],
    [{ parameters: { priority: '1' } }, 'query.parameters.priority', /got the string "1"/],
    [{ parameters: { timeout: 1 } }, 'query.parameters.timeout', /did you mean timeout_ms\?/],
    [{ parameters: JSON.parse('{"__proto__": 1}') }, 'query.parameters.__proto__', /unknown key/],
  ];
  for (const [said, path, message] of bad) {
    it(`refuses ${JSON.stringify(said).slice(0, 60)} at ${path}`, () => {
      assert.throws(() => readControls({ ...said }, 'query.'), { code: 'INVALID_REQUEST', message, details: { path } });
    });
  }
});

describe('withControls', () => {
  const request = {
    model: 'm',
    version: undefined,
    id: undefined,
    items: [1],
    isList: false,
    timeoutMs: undefined,
    priority: 0,
  };

  it('adds what the URL says to what the request leaves open', () => {
    assert.equal(withControls(request, noControls), request);
    const said = { id: 'mine', timeoutMs: 250, priority: 3 };
    assert.deepEqual(withControls(request, said), { ...request, ...said });
    assert.deepEqual(withControls({ ...request, ...said }, { ...noControls, priority: 0 }), { ...request, ...said });
  });

  it('refuses two different words for one thing', () => {
    for (const [path, said] of [
      ['id', { id: 'a' }],
      ['timeout_ms', { timeoutMs: 1 }],
      ['priority', { priority: 1 }],
    ] as const) {
      const other = { ...request, id: 'b', timeoutMs: 2, priority: 2 };
      assert.throws(() => withControls(other, { ...noControls, ...said }), {
        code: 'INVALID_REQUEST',
        details: { path, expected: String(Object.values(said)[0]), got: path === 'id' ? 'b' : '2' },
      });
    }
  });
});

describe('agreed', () => {
  it('gives what was said once, or twice alike', () => {
    assert.deepEqual(
      [
        agreed<string>(undefined, undefined, 'x'),
        agreed('a', undefined, 'x'),
        agreed(undefined, 'b', 'x'),
        agreed(0, 0, 'x'),
      ],
      [undefined, 'a', 'b', 0],
    );
  });

  it('refuses two different things, in short', () => {
    assert.throws(() => agreed('a'.repeat(1_000), 'b', 'query.model'), {
      code: 'INVALID_REQUEST',
      details: { path: 'query.model', expected: 'a'.repeat(128), got: 'b' },
    });
  });
});
