import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readEnvelope } from '#src/http/predict-envelope.js';

describe('readEnvelope', () => {
  it('reads one item with its defaults', () => {
    assert.deepEqual(readEnvelope({ input: [1] }, 10), {
      model: undefined,
      version: undefined,
      id: undefined,
      items: [[1]],
      isList: false,
      timeoutMs: undefined,
      priority: 0,
    });
  });

  it('reads a list of items and everything that may be said', () => {
    const parameters = { timeout_ms: 250, priority: 1 };
    assert.deepEqual(readEnvelope({ model: 'm', version: 2, id: 'a b/1', inputs: [1, null], parameters }, 10), {
      model: 'm',
      version: '2',
      id: 'a b/1',
      items: [1, null],
      isList: true,
      timeoutMs: 250,
      priority: 1,
    });
    assert.equal(readEnvelope({ version: '2', input: 1 }, 10).version, '2');
  });

  it('tells null, an item like any other, from no item', () => {
    assert.deepEqual(readEnvelope({ input: null }, 10).items, [null]);
    assert.throws(() => readEnvelope({}, 10), { code: 'INVALID_REQUEST', message: /neither came/ });
    assert.throws(() => readEnvelope({ input: null, inputs: [1] }, 10), { message: /both came/ });
  });

  it('takes as many items as allowed and refuses one more', () => {
    assert.equal(readEnvelope({ inputs: [1, 2] }, 2).items.length, 2);
    assert.throws(() => readEnvelope({ inputs: [1, 2, 3] }, 2), {
      code: 'TOO_MANY_ROWS',
      details: { path: 'inputs', expected: 'at most 2 items', got: '3' },
    });
  });

  it('counts the characters of an id', () => {
    assert.equal(readEnvelope({ input: 1, id: 'x'.repeat(64) }, 10).id?.length, 64);
    for (const id of ['x'.repeat(65), '', 'a\nb', '\uD83C', 7, null]) {
      assert.throws(() => readEnvelope({ input: 1, id }, 10), { code: 'INVALID_REQUEST', details: { path: 'id' } });
    }
  });

  const bad: [document: unknown, path: string, message: RegExp][] = [
    [null, '(document)', /expected object/],
    [[], '(document)', /expected object/],
    ['text', '(document)', /expected object/],
    [{ input: 1, model: 5 }, 'model', /expected string; got the number 5/],
    [{ input: 1, version: 1.5 }, 'version', /got the number 1.5/],
    [{ input: 1, version: null }, 'version', /got null/],
    [{ inputs: [] }, 'inputs', /got an array of 0/],
    [{ inputs: {} }, 'inputs', /expected array; got an object/],
    [{ input: 1, modell: 'm' }, 'modell', /did you mean model\?/],
    [{ input: 1, parameters: { timeout: 1 } }, 'parameters.timeout', /did you mean timeout_ms\?/],
    [{ input: 1, parameters: { timeout_ms: 0 } }, 'parameters.timeout_ms', /got the number 0/],
    [{ input: 1, parameters: { timeout_ms: '5' } }, 'parameters.timeout_ms', /expected (?:number|int)/],
    [{ input: 1, parameters: { timeout_ms: 86_400_001 } }, 'parameters.timeout_ms', /got the number 86400001/],
    [{ input: 1, parameters: { priority: 11 } }, 'parameters.priority', /got the number 11/],
    [{ input: 1, parameters: { priority: -1 } }, 'parameters.priority', /got the number -1/],
    [{ input: 1, parameters: null }, 'parameters', /got null/],
    [JSON.parse('{"input": 1, "__proto__": {"model": "m"}}'), '__proto__', /unknown key/],
    [JSON.parse('{"input": 1, "constructor": 1}'), 'constructor', /unknown key/],
    [JSON.parse('{"input": 1, "parameters": {"__proto__": 1}}'), 'parameters.__proto__', /unknown key/],
  ];
  for (const [document, path, message] of bad) {
    it(`refuses ${JSON.stringify(document)} at ${path}`, () => {
      assert.throws(() => readEnvelope(document, 10), { code: 'INVALID_REQUEST', message, details: { path } });
    });
  }

  it('tells all that is wrong at once', () => {
    assert.throws(() => readEnvelope({ model: 1, inputs: [], other: 1 }, 10), /model: .*inputs: .*other: /);
  });
});
