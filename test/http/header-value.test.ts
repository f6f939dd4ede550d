import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isJsonType, isUtf8Type, readHeaderValue } from '#src/http/header-value.js';

describe('readHeaderValue', () => {
  const good: [text: string, value: string, parameters: Record<string, string>][] = [
    ['text/plain', 'text/plain', {}],
    ['  Text/HTML ; Charset=UTF-8', 'text/html', { charset: 'UTF-8' }],
    ['multipart/form-data; boundary="a b;c"; x=1', 'multipart/form-data', { boundary: 'a b;c', x: '1' }],
    ['multipart/form-data;boundary=a=b/c:d', 'multipart/form-data', { boundary: 'a=b/c:d' }],
    ['form-data; name="a \\"quoted\\" \\\\ name"', 'form-data', { name: 'a "quoted" \\ name' }],
    ['form-data; name=""', 'form-data', { name: '' }],
    [
      'form-data; name="größe"; filename*=UTF-8\'\'gr%C3%B6',
      'form-data',
      { name: 'größe', 'filename*': "UTF-8''gr%C3%B6" },
    ],
    ['application/json;', 'application/json', {}],
    ['application/json; ; charset=utf-8 ;', 'application/json', { charset: 'utf-8' }],
    [
      'form-data; __proto__=1; constructor=2',
      'form-data',
      Object.fromEntries([
        ['__proto__', '1'],
        ['constructor', '2'],
      ]),
    ],
  ];
  for (const [text, value, parameters] of good) {
    it(`reads ${text}`, () => {
      const read = readHeaderValue(text);
      assert.equal(read?.value, value);
      assert.deepEqual([...(read?.parameters ?? [])], Object.entries(parameters));
    });
  }

  for (const text of [
    '',
    ' ',
    ';',
    '/plain',
    'text/plain charset',
    'a/b; c',
    'a/b; "c"=1',
    'a/b; c="1',
    'a/b; c=1; C=2',
    'a/b, c/d',
  ]) {
    it(`makes nothing of ${JSON.stringify(text)}`, () => assert.equal(readHeaderValue(text), undefined));
  }

  it('takes no longer for a text that is made to make it try again and again', () => {
    for (const piece of [';', '; ', '\\"', '; a="', ' \t']) readHeaderValue(`a/b; c="${piece.repeat(100_000)}`);
  });
});

describe('a media type', () => {
  const typeOf = (text: string) => readHeaderValue(text) as NonNullable<ReturnType<typeof readHeaderValue>>;

  it('is JSON also as another format that is written in it', () => {
    const types = [
      'application/json',
      'APPLICATION/JSON',
      'application/vnd.x.v1+json',
      'model/gltf+json',
      'text/json',
      'application/jsonl',
      'a/+json',
    ];
    assert.deepEqual(
      types.filter((text) => isJsonType(typeOf(text))),
      types.slice(0, 4),
    );
  });

  it('is UTF-8 unless it says something else', () => {
    const types = [
      'text/plain',
      'text/plain; charset=utf-8',
      'text/plain; charset="UTF8"',
      'text/plain; charset=us-ascii',
      'text/plain; charset=latin1',
      'text/plain; charset=',
    ];
    assert.deepEqual(
      types.filter((text) => isUtf8Type(typeOf(text))),
      types.slice(0, 4),
    );
  });
});
