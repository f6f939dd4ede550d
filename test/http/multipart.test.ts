import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MillraceError } from '#src/core/errors.js';
import { readHeaderValue } from '#src/http/header-value.js';
import { boundaryOf, countParts, readParts } from '#src/http/multipart.js';
import { BOUNDARY, field, file, formBytes, type WrittenPart } from '../support/form-bytes.js';
import { propertyRuns } from '../support/property-runs.js';

const read = (parts: readonly WrittenPart[]) => readParts(formBytes(parts), BOUNDARY);

/** What an error says of where it is, and what it is. */
const refusal = (code: string, path: string, got?: string) => (error: unknown) => {
  assert.ok(error instanceof MillraceError);
  assert.deepEqual([error.code, error.details.path], [code, path], error.message);
  if (got !== undefined) assert.equal(error.details.got, got);
  return true;
};

describe('readParts', () => {
  it('gives the parts in their order, and each its bytes', async () => {
    const parts = await read([
      field('model', 'affine'),
      file('file', Buffer.from([0, 255, 13, 10, 45, 45]), 'IMAGE/png; q=1'),
      field('größe', 'höhe', 'text/plain; charset=utf-8'),
      file('file', ''),
    ]);
    assert.deepEqual(
      parts.map(({ name, path, isFile, type, bytes }) => [name, path, isFile, type?.value, bytes.toString('latin1')]),
      [
        ['model', 'model[0]', false, undefined, 'affine'],
        ['file', 'file[0]', true, 'image/png', '\0\xff\r\n--'],
        ['größe', 'größe[0]', false, 'text/plain', Buffer.from('höhe').toString('latin1')],
        ['file', 'file[1]', true, undefined, ''],
      ],
    );
  });

  it('takes a part for a file also without the file’s name', async () => {
    for (const name of ['filename=""', 'filename=x', "filename*=UTF-8''x"]) {
      const [part] = await read([{ headers: [`content-disposition: FORM-DATA; ${name}; NAME=f`], bytes: 'x' }]);
      assert.deepEqual([part?.name, part?.isFile], ['f', true]);
    }
  });

  it('has no idea of prototypes', async () => {
    const names = ['__proto__', 'constructor', 'toString', '__proto__'];
    const headers = ['__proto__: 1', 'constructor: 2', 'hasOwnProperty: 3'];
    const parts = await read(names.map((name) => ({ headers: [...headers, ...field(name, '').headers], bytes: name })));
    assert.deepEqual(
      parts.map(({ path, bytes }) => [path, bytes.toString()]),
      names.map((name, index) => [`${name}[${index === 3 ? 1 : 0}]`, name]),
    );
    assert.equal(Object.hasOwn(Object.prototype, '1'), false);
  });

  it('passes over what stands before the first delimiter and behind the last', async () => {
    const form = formBytes([field('a', '1')]);
    const around = Buffer.concat([Buffer.from('preamble\r\n--\r\n'), form, Buffer.from('--x\r\n\r\nepilogue')]);
    assert.deepEqual(
      (await readParts(around, BOUNDARY)).map(({ bytes }) => bytes.toString()),
      ['1'],
    );
    assert.deepEqual(await readParts(formBytes([]), BOUNDARY), []);
  });

  it('gives back what was written, whatever the bytes (property)', async () => {
    // Bytes that look like delimiters, and are none.
    const bytes = fc
      .array(
        fc.oneof(
          fc.constantFrom('\r\n', '--', `--${BOUNDARY.slice(0, -1)}`, '\r\n\r\n', '-', '\r'),
          fc.string({ maxLength: 5 }),
        ),
      )
      .map((pieces) => Buffer.from(pieces.join('')))
      .filter((content) => !content.includes(`--${BOUNDARY}`));
    const part = fc.record(
      {
        name: fc
          .string({ unit: 'grapheme', minLength: 1, maxLength: 8 })
          .filter((name) => !/["\\\r\n\p{Cc}]/u.test(name)),
        bytes: fc.oneof(
          bytes,
          fc.uint8Array({ maxLength: 100 }).map((array) => Buffer.from(array)),
        ),
        isFile: fc.boolean(),
        type: fc.constantFrom(undefined, 'text/plain', 'application/json', 'image/png'),
      },
      { noNullPrototype: true },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 8 }), async (parts) => {
        const form = formBytes(
          parts.map(({ name, bytes, isFile, type }) => (isFile ? file : field)(name, bytes, type)),
        );
        const read = await readParts(form, BOUNDARY);
        assert.deepEqual(
          read.map(({ name, bytes, isFile, type }) => ({ name, bytes, isFile, type: type?.value })),
          parts,
        );
        assert.equal(countParts(form, BOUNDARY), parts.length);
      }),
      propertyRuns(200),
    );
  });

  it('settles for every form that was damaged, with parts or with a refusal (property)', async () => {
    const form = formBytes([field('model', 'affine'), file('file', 'abc\r\n--def', 'image/png'), field('x', '')]);
    const damage = fc.record({
      from: fc.nat(form.length),
      length: fc.nat(60),
      instead: fc.oneof(
        fc.constantFrom('', '\r\n', '\r\n\r\n', '--', `\r\n--${BOUNDARY}`, `--${BOUNDARY}--\r\n`, '\r', '\n', ':', '"'),
        fc.string({ maxLength: 4 }),
      ),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 3 }), async (damages) => {
        const damaged = damages.reduce(
          (bytes, { from, length, instead }) =>
            Buffer.concat([bytes.subarray(0, from), Buffer.from(instead), bytes.subarray(from + length)]),
          form,
        );
        const outcome = await readParts(damaged, BOUNDARY).catch((error: unknown) => error);
        if (Array.isArray(outcome)) return;
        assert.ok(outcome instanceof MillraceError, String(outcome));
        assert.equal(outcome.code, 'INVALID_REQUEST');
      }),
      propertyRuns(500),
    );
  });

  it('refuses a form that is cut off, wherever it is', async () => {
    const form = formBytes([field('a', '1'), file('b', 'zwei'), field('c', '')]);
    const end = form.length - '\r\n'.length;
    assert.equal((await readParts(form.subarray(0, end), BOUNDARY)).length, 3);
    for (let length = 0; length < end; length += 1) {
      await assert.rejects(readParts(form.subarray(0, length), BOUNDARY), refusal('INVALID_REQUEST', 'body'));
    }
  });

  it('refuses a form of another boundary', async () => {
    await assert.rejects(readParts(formBytes([field('a', '1')]), 'other'), refusal('INVALID_REQUEST', 'body'));
  });

  const unnamed: [what: string, headers: string[], got: string][] = [
    ['no headers', [], 'none'],
    ['no disposition', ['Content-Type: text/plain'], 'none'],
    ['no name', ['Content-Disposition: form-data'], 'form-data'],
    ['an empty name', ['Content-Disposition: form-data; name=""'], 'form-data; name=""'],
    ['a disposition that is none of a form', ['Content-Disposition: attachment; name="a"'], 'attachment; name="a"'],
    [
      'two dispositions',
      [...field('a', '').headers, ...field('b', '').headers],
      'form-data; name="a", form-data; name="b"',
    ],
    ['two names', ['Content-Disposition: form-data; name=a; name=b'], 'form-data; name=a; name=b'],
    ['a name that does not end', ['Content-Disposition: form-data; name="größe'], 'form-data; name="größe'],
    ['a line that is no header', ['no header', ...field('a', '').headers], 'none'],
    ['a name with a line break', ['Content-Disposition: form-data; name="a\nb"'], 'none'],
  ];
  for (const [what, headers, got] of unnamed) {
    it(`refuses a part with ${what}`, async () => {
      const parts = read([field('a', '1'), { headers, bytes: 'x' }, field('c', '3')]);
      await assert.rejects(parts, refusal('INVALID_REQUEST', 'part[1]', got));
    });
  }

  it('refuses a delimiter directly behind another, where a part has neither headers nor an end of them', async () => {
    const form = Buffer.from(
      `--${BOUNDARY}\r\n--${BOUNDARY}\r\n${field('a', '').headers[0]}\r\n\r\n1\r\n--${BOUNDARY}--`,
    );
    await assert.rejects(readParts(form, BOUNDARY), refusal('INVALID_REQUEST', 'part[0]'));
  });

  it('refuses a content-type that is none, and an encoding that would have to be undone', async () => {
    await assert.rejects(read([field('a', '1', 'text')]), refusal('INVALID_REQUEST', 'a[0]', 'text'));
    await assert.rejects(
      read([field('a', '1', 'text/plain/x y')]),
      refusal('INVALID_REQUEST', 'a[0]', 'text/plain/x y'),
    );
    const encoded = { headers: [...field('a', '').headers, 'Content-Transfer-Encoding: base64'], bytes: 'YQ==' };
    await assert.rejects(read([encoded]), refusal('INVALID_REQUEST', 'part[0]', 'base64'));
    const plain = { headers: [...field('a', '').headers, 'Content-Transfer-Encoding: 8BIT'], bytes: 'a' };
    assert.equal((await read([plain])).length, 1);
  });

  it('refuses headers of more than 16 lines or 8 kB', async () => {
    const lines = (count: number) => Array.from({ length: count }, (_, index) => `X-${index}: y`);
    const withHeaders = (headers: string[]) => read([{ headers: [...field('a', '').headers, ...headers], bytes: 'x' }]);
    assert.equal((await withHeaders(lines(15))).length, 1);
    assert.equal((await withHeaders([`X: ${'y'.repeat(8_000)}`])).length, 1);
    for (const headers of [
      lines(16),
      lines(100_000),
      ['8_200', '20_000', '10_000_000'].map((size) => `X: ${'y'.repeat(Number(size.replaceAll('_', '')))}`),
    ]) {
      await assert.rejects(withHeaders(headers), refusal('PAYLOAD_TOO_LARGE', 'part[0]'));
    }
  });
});

describe('boundaryOf', () => {
  const boundary = (parameter: string) => {
    const type = readHeaderValue(`multipart/form-data${parameter}`);
    assert.ok(type !== undefined);
    return boundaryOf(type);
  };

  it('gives what the media type says', () => {
    assert.equal(boundary('; boundary=abc'), 'abc');
    assert.equal(boundary('; charset=utf-8; Boundary="a b\'()+_,-./:=?"'), "a b'()+_,-./:=?");
    assert.equal(boundary(`; boundary=${'x'.repeat(70)}`).length, 70);
  });

  for (const parameter of [
    '',
    '; boundary=',
    '; boundary=""',
    `; boundary=${'x'.repeat(71)}`,
    '; boundary="a "',
    '; boundary="größe"',
  ]) {
    it(`refuses ${parameter.slice(0, 30) || 'none'}`, () => {
      assert.throws(() => boundary(parameter), refusal('INVALID_REQUEST', 'headers.content-type'));
    });
  }
});

describe('countParts', () => {
  it('counts also what is cut off, and what is no form', () => {
    const form = formBytes([field('a', ''), field('b', ''), field('c', '')]);
    assert.equal(countParts(form, BOUNDARY), 3);
    assert.equal(countParts(Buffer.concat([Buffer.from('\r\n'), form]), BOUNDARY), 3);
    assert.equal(countParts(form.subarray(0, form.lastIndexOf(`--${BOUNDARY}`)), BOUNDARY), 2);
    assert.equal(countParts(Buffer.from('no form'), BOUNDARY), 0);
  });
});
