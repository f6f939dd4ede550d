import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MillraceError } from '#src/core/errors.js';
import { readItem } from '#src/pipelines/pipeline-item.js';
import { SentFile } from '#src/pipelines/sent-file.js';
import type { ValueKind } from '#src/pipelines/value-type.js';

const bytes = Buffer.from('kräftig');
const base64 = bytes.toString('base64');

describe('an item', () => {
  const good: Record<string, [unknown, ValueKind[], ValueKind, unknown]> = {
    'a file as bytes': [new SentFile(bytes, undefined), ['bytes'], 'bytes', bytes],
    'a file as text': [new SentFile(bytes, 'text/plain'), ['text'], 'text', 'kräftig'],
    'a file in another charset': [
      new SentFile(Buffer.from('z\xfcg', 'latin1'), 'text/plain', 'iso-8859-1'),
      ['text'],
      'text',
      'züg',
    ],
    'a file as bytes where both are taken': [new SentFile(bytes, 'text/plain'), ['text', 'bytes'], 'bytes', bytes],
    'base64 in an object': [{ base64 }, ['bytes'], 'bytes', bytes],
    'base64 without its padding': [{ base64: base64.replace(/=+$/, '') }, ['bytes'], 'bytes', bytes],
    'base64 in lines': [{ base64: `${base64.slice(0, 4)}\r\n${base64.slice(4)}` }, ['bytes'], 'bytes', bytes],
    'nothing in base64': [{ base64: '' }, ['bytes'], 'bytes', Buffer.alloc(0)],
    'a data URL': [`data:image/png;base64,${base64}`, ['bytes'], 'bytes', bytes],
    'a data URL without base64': ['data:text/plain,kr%C3%A4ftig', ['bytes'], 'bytes', bytes],
    'a text': ['kräftig', ['text'], 'text', 'kräftig'],
    'a text beside bytes': ['kräftig', ['bytes', 'text'], 'text', 'kräftig'],
    'a record by name': [{ a: 1 }, ['record'], 'record', { a: 1 }],
    'a record in order': [[1, 2], ['record'], 'record', [1, 2]],
    'a record beside bytes': [{ a: 1 }, ['bytes', 'record'], 'record', { a: 1 }],
    'anything for a step that takes JSON': [null, ['json'], 'json', null],
  };
  for (const [what, [sent, kinds, kind, value]] of Object.entries(good)) {
    it(`is read: ${what}`, () => {
      const read = readItem(sent, 'input', kinds);
      const got = ArrayBuffer.isView(read.value) ? Buffer.from(read.value as Uint8Array) : read.value;
      assert.deepEqual({ ...read, value: got }, { kind, value });
    });
  }

  const bad: Record<string, [unknown, ValueKind[], MillraceError['code'], string]> = {
    'a file for a record': [new SentFile(bytes, 'image/png'), ['record'], 'UNSUPPORTED_MEDIA_TYPE', 'inputs[3]'],
    'a file that is no UTF-8': [new SentFile(Buffer.from([0xff]), undefined), ['text'], 'INVALID_INPUT', 'inputs[3]'],
    'a charset that is none': [
      new SentFile(bytes, 'text/plain', 'klingon'),
      ['text'],
      'UNSUPPORTED_MEDIA_TYPE',
      'inputs[3]',
    ],
    'a request in JSON that does not say so': [
      new SentFile(Buffer.from('{"input":"x"}'), 'application/x-www-form-urlencoded'),
      ['text'],
      'UNSUPPORTED_MEDIA_TYPE',
      'inputs[3]',
    ],
    'a string for bytes': ['hello', ['bytes'], 'INVALID_INPUT', 'inputs[3]'],
    'a number for text': [7, ['text'], 'INVALID_INPUT', 'inputs[3]'],
    'half a surrogate pair': ['\ud800', ['text'], 'INVALID_INPUT', 'inputs[3]'],
    'no base64': [{ base64: 'a b' }, ['bytes'], 'INVALID_INPUT', 'inputs[3].base64'],
    'base64 of an impossible length': [{ base64: 'abcde' }, ['bytes'], 'INVALID_INPUT', 'inputs[3].base64'],
    'a number for base64': [{ base64: 7 }, ['bytes'], 'INVALID_INPUT', 'inputs[3].base64'],
    'many keys beside base64': [
      Object.fromEntries([['base64', base64], ...Array.from({ length: 1_000 }, (_, index) => [`k${index}`, 1])]),
      ['bytes'],
      'INVALID_INPUT',
      'inputs[3].k0',
    ],
    'a key beside base64': [{ base64, name: 'x' }, ['bytes'], 'INVALID_INPUT', 'inputs[3].name'],
    'a data URL with broken percent-encoding': ['data:,%zz', ['bytes'], 'INVALID_INPUT', 'inputs[3]'],
    'a data URL with broken base64': ['data:;base64,%%', ['bytes'], 'INVALID_INPUT', 'inputs[3]'],
    'null for a record': [null, ['record'], 'INVALID_INPUT', 'inputs[3]'],
  };
  for (const [what, [sent, kinds, code, path]] of Object.entries(bad)) {
    it(`is refused with its place: ${what}`, () => {
      assert.throws(
        () => readItem(sent, 'inputs[3]', kinds),
        (error) => {
          assert.ok(error instanceof MillraceError);
          assert.deepEqual([error.code, error.details.path], [code, path]);
          assert.ok(error.details.expected !== undefined && error.details.got !== undefined);
          return true;
        },
      );
    });
  }
});
