import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MillraceError } from '#src/core/errors.js';
import { readForm } from '#src/http/predict-form.js';
import { type Controls, noControls } from '#src/http/request-controls.js';
import { SentFile } from '#src/pipelines/sent-file.js';
import { BOUNDARY, field, file, formBytes, type WrittenPart } from '../support/form-bytes.js';

const MAX_ROWS = 4;

const read = (parts: readonly WrittenPart[], query: Controls = noControls) =>
  readForm(formBytes(parts), { boundary: BOUNDARY, maxRows: MAX_ROWS, query });

/** Items in a form that shows bytes. */
const shown = (items: readonly unknown[]) =>
  items.map((item) => (item instanceof SentFile ? { bytes: [...item.bytes], mediaType: item.mediaType } : item));

describe('readForm', () => {
  it('takes each part for an item, in their order', async () => {
    const { items, isList } = await read([
      file('photo', Buffer.from([1, 2]), 'image/PNG; x=y'),
      field('text', 'größer'),
      field('numbers', '[1, {"a": "ü"}]', 'application/json; charset=utf-8'),
      file('numbers', '[1]', 'application/json'),
    ]);
    assert.equal(isList, true);
    assert.deepEqual(shown(items), [
      { bytes: [1, 2], mediaType: 'image/png' },
      'größer',
      [1, { a: 'ü' }],
      { bytes: [...Buffer.from('[1]')], mediaType: 'application/json' },
    ]);
  });

  it('takes a part for a file where it says that it is no text, or has a filename', async () => {
    const { items } = await read([
      field('a', '\xff', 'image/png'),
      file('b', ''),
      file('c', 'x', 'text/plain'),
      field('d', ''),
    ]);
    assert.deepEqual(shown(items), [
      { bytes: [...Buffer.from('\xff')], mediaType: 'image/png' },
      { bytes: [], mediaType: undefined },
      { bytes: [120], mediaType: 'text/plain' },
      '',
    ]);
  });

  it('makes a list of several, and of one under a name that means a list', async () => {
    const lists = {
      input: false,
      file: false,
      photo: false,
      inputs: true,
      files: true,
      'inputs[]': true,
      'files[]': true,
      'photo[]': true,
    };
    for (const [name, isList] of Object.entries(lists)) {
      assert.equal((await read([field('id', 'x'), file(name, 'x')])).isList, isList, name);
      assert.equal((await read([file(name, 'x'), field('id', 'x'), file(name, 'x')])).isList, true, name);
    }
  });

  it('has the defaults of an envelope', async () => {
    assert.deepEqual(await read([field('input', 'x')]), {
      model: undefined,
      version: undefined,
      id: undefined,
      items: ['x'],
      isList: false,
      timeoutMs: undefined,
      priority: 0,
    });
  });

  it('reads the fields of an envelope wherever they stand', async () => {
    const said = { model: 'affine', version: '2', id: 'a/ü', timeoutMs: 250, priority: 1 };
    const head = [field('model', 'affine'), field('version', '2')];
    const tail = [field('id', 'a/ü'), field('timeout_ms', '250'), field('priority', '1')];
    assert.deepEqual(await read([...head, field('input', 'x'), ...tail]), { ...said, items: ['x'], isList: false });
    const parameters = field('parameters', '{"timeout_ms": 250, "priority": 1}', 'application/json');
    const together = await read([parameters, field('id', 'a/ü'), field('input', 'x'), ...head]);
    assert.deepEqual(together, { ...said, items: ['x'], isList: false });
  });

  it('takes from the query what the form does not say, and refuses what it says otherwise', async () => {
    const query = { id: 'q', timeoutMs: 5, priority: 2 };
    const { id, timeoutMs, priority } = await read([field('input', 'x'), field('timeout_ms', '5')], query);
    assert.deepEqual({ id, timeoutMs, priority }, query);
    for (const [name, value, expected, got, path = name] of [
      ['id', 'other', 'q', 'other'],
      ['timeout_ms', '6', '5', '6'],
      ['parameters', '{"priority":3}', '2', '3', 'priority'],
    ] as const) {
      await assert.rejects(read([field('input', 'x'), field(name, value)], query), {
        code: 'INVALID_REQUEST',
        details: { path, expected, got },
      });
    }
  });

  it('takes names of prototypes for names', async () => {
    const { items } = await read([field('__proto__', 'a'), field('constructor', 'b'), field('hasOwnProperty', 'c')]);
    assert.deepEqual(items, ['a', 'b', 'c']);
  });

  it('takes as many items as allowed and refuses one more', async () => {
    const parts = (count: number) => Array.from({ length: count }, (_, index) => field('x', `${index}`));
    const fields = [
      field('model', 'm'),
      field('version', '1'),
      field('id', 'i'),
      field('timeout_ms', '1'),
      field('priority', '1'),
      field('parameters', '{}'),
    ];
    assert.equal((await read([...fields, ...parts(MAX_ROWS)])).items.length, MAX_ROWS);
    const many = parts(10_000);
    for (const form of [formBytes(parts(MAX_ROWS + 1)), formBytes(many), formBytes(many).subarray(0, -50)]) {
      const refused = readForm(form, { boundary: BOUNDARY, maxRows: MAX_ROWS, query: noControls });
      await assert.rejects(refused, ({ code, details }: MillraceError) => {
        assert.deepEqual([code, details.path, details.expected], ['TOO_MANY_ROWS', 'body', 'at most 4 items']);
        return true;
      });
    }
  });

  const item = field('input', 'x');
  const latin1 = Buffer.from('größer', 'latin1');
  const bad: Record<string, [parts: WrittenPart[], code: string, path: string]> = {
    'no parts': [[], 'INVALID_REQUEST', 'body'],
    'no item': [[field('model', 'm'), field('id', 'x')], 'INVALID_REQUEST', 'body'],
    'a field that is a file': [[item, file('model', 'm')], 'INVALID_REQUEST', 'model'],
    'a field that comes twice': [[item, field('id', 'x'), field('id', 'x')], 'INVALID_REQUEST', 'id'],
    'a field of many bytes': [[item, field('model', 'm'.repeat(4_097))], 'PAYLOAD_TOO_LARGE', 'model'],
    'a field that is not UTF-8': [[item, field('id', latin1)], 'INVALID_REQUEST', 'id'],
    'an id with a line break': [[item, field('id', 'a\nb')], 'INVALID_REQUEST', 'id'],
    'a timeout that is none': [[item, field('timeout_ms', 'soon')], 'INVALID_REQUEST', 'timeout_ms'],
    'parameters that are no JSON': [[item, field('parameters', 'priority=1')], 'INVALID_JSON', 'parameters'],
    'parameters that are no object': [[item, field('parameters', '[1]')], 'INVALID_REQUEST', 'parameters'],
    'an unknown parameter': [[item, field('parameters', '{"timeout":1}')], 'INVALID_REQUEST', 'parameters.timeout'],
    'a text that is not UTF-8': [[item, field('input', latin1)], 'INVALID_REQUEST', 'input[1]'],
    'a text in another charset': [
      [item, field('t', 'x', 'text/plain; charset=utf-16')],
      'UNSUPPORTED_MEDIA_TYPE',
      't[0]',
    ],
    'JSON in another charset': [
      [item, field('j', '1', 'application/json; charset=latin1')],
      'UNSUPPORTED_MEDIA_TYPE',
      'j[0]',
    ],
    'broken JSON': [[field('j', '1', 'application/json'), field('j', '{', 'application/json')], 'INVALID_JSON', 'j[1]'],
    'empty JSON': [[field('j', '', 'application/json')], 'INVALID_JSON', 'j[0]'],
    'deep JSON': [[field('j', '['.repeat(100_000), 'a/b+json')], 'INVALID_JSON', 'j[0]'],
    'a name of 5,000 characters': [[item, field('n'.repeat(5_000), latin1)], 'INVALID_REQUEST', `${'n'.repeat(64)}[0]`],
  };
  for (const [what, [parts, code, path]] of Object.entries(bad)) {
    it(`refuses ${what} with ${code} at ${path.slice(0, 40)}`, async () => {
      await assert.rejects(read(parts), (error: unknown) => {
        assert.ok(error instanceof MillraceError);
        assert.deepEqual([error.code, error.details.path], [code, path], error.message);
        return true;
      });
    });
  }

  it('refuses many parts of JSON that hold more together than one body may', async () => {
    const part = (count: number) => field('j', `[${'[],'.repeat(count)}0]`, 'application/json');
    assert.equal((await read([part(99_000), part(99_000)])).items.length, 2);
    await assert.rejects(read([part(99_000), part(99_000), part(99_000)]), {
      code: 'INVALID_JSON',
      details: { path: 'body', expected: 'at most 200000', got: 'more' },
    });
    // A text that is not closed hides what stands behind it, and is refused itself.
    const unclosed = field('j', '"', 'application/json');
    await assert.rejects(read([unclosed, part(150_000), part(150_000)]), { code: 'INVALID_JSON' });
  });
});
