import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  type ErrorCode,
  type ErrorRow,
  errorTable,
  MillraceError,
  reasonOf,
  toMillraceError,
  withoutPaths,
} from '#src/core/errors.js';

const rows = Object.entries(errorTable) as [ErrorCode, ErrorRow][];
/** The statuses after which the HTTP standards, or the practice of proxies, let a client try again. */
const retryableStatuses = [408, 429, 503, 504];

describe('the error table', () => {
  for (const [code, { title, http, v2, grpc, retryable }] of rows) {
    it(`says ${code} in every protocol`, () => {
      assert.match(code, /^[A-Z]+(_[A-Z]+)*$/);
      assert.match(title, /^[A-Z][^.\n]{10,}[^.\s]$/, 'a title is a phrase without a full stop');
      assert.ok(Number.isInteger(http) && http >= 400 && http < 600, `HTTP ${http}`);
      assert.ok(Number.isInteger(v2) && v2 >= 400 && v2 < 600, `V2 ${v2}`);
      assert.ok(Number.isInteger(grpc) && grpc >= 1 && grpc <= 16, `gRPC ${grpc}`);
      // A model that is unavailable stays so; only one that is loading says when to come again.
      const expected = code !== 'MODEL_UNAVAILABLE' && retryableStatuses.includes(http);
      assert.equal(retryable, expected, `retryable goes with HTTP ${http}`);
    });
  }

  it('gives every code a title of its own', () => {
    const titles = rows.map(([, { title }]) => title);
    assert.equal(new Set(titles).size, titles.length);
  });

  it('holds the statuses that the design decided', () => {
    const decided: [ErrorCode, http: number, v2: number, grpc: number][] = [
      ['QUEUE_FULL', 429, 503, 8],
      ['DEADLINE_EXCEEDED', 504, 503, 4],
      ['CLIENT_CLOSED_REQUEST', 499, 499, 1],
      ['CANCELLED', 409, 400, 1],
      ['OUTPUT_NOT_FINITE', 422, 400, 3],
      ['MODEL_NOT_FOUND', 404, 404, 5],
      ['INTERNAL', 500, 500, 13],
    ];
    for (const [code, ...statuses] of decided) {
      const { http, v2, grpc } = errorTable[code];
      assert.deepEqual([http, v2, grpc], statuses, code);
    }
  });
});

describe('MillraceError', () => {
  it('keeps its cause apart from the details that clients see', () => {
    const cause = new Error('EACCES /srv/secret');
    const error = new MillraceError('INVALID_INPUT', 'No.', { path: 'input.x', got: 'null', cause });
    assert.deepEqual([error.name, error.code, error.message], ['MillraceError', 'INVALID_INPUT', 'No.']);
    assert.deepEqual(error.details, { path: 'input.x', got: 'null' });
    assert.equal(error.cause, cause);
    assert.ok(!JSON.stringify(error).includes('secret'));
  });

  it('has no cause unless one is given', () => {
    assert.ok(!Object.hasOwn(new MillraceError('NOT_FOUND', 'No.'), 'cause'));
  });

  it('goes through the gate unchanged; everything else becomes INTERNAL and tells nothing of itself', () => {
    const own = new MillraceError('QUEUE_FULL', 'Full.');
    assert.equal(toMillraceError(own), own);
    for (const foreign of [new TypeError('secret'), 'secret', undefined, null, { code: 'QUEUE_FULL' }]) {
      const error = toMillraceError(foreign);
      assert.equal(error.code, 'INTERNAL');
      assert.equal(error.cause, foreign);
      assert.ok(!`${error.message}${JSON.stringify(error.details)}`.includes('secret'));
    }
  });
});

describe('reasonOf', () => {
  it('gives the text of whatever was thrown, on one line', () => {
    assert.equal(reasonOf(new Error(' a\n\tb\r\n  c ')), 'a b c');
    assert.equal(reasonOf('thrown text'), 'thrown text');
    assert.equal(reasonOf(undefined), 'undefined');
    assert.equal(reasonOf(404), '404');
  });
});

describe('withoutPaths', () => {
  const cases: [name: string, reason: string, expected: string][] = [
    ['an absolute path', 'Load model from /srv/models/a/1/model.onnx failed', 'Load model from model.onnx failed'],
    ['a path of Windows', 'open C:\\models\\a\\model.onnx: denied', 'open model.onnx: denied'],
    ['a path in quotes', "ENOENT: open '/srv/a/model.yaml'", "ENOENT: open 'model.yaml'"],
    ['a file with its line', 'at /onnxruntime_src/core/helper.h:59 Equal', 'at helper.h:59 Equal'],
    ['a folder', 'scandir /srv/models/', 'scandir '],
    ['several paths', '/a/b/x.bin and /a/c/y.bin', 'x.bin and y.bin'],
    ['an address', 'fault at 0x7ffd12ab34cd', 'fault at (address)'],
  ];
  for (const [name, reason, expected] of cases) {
    it(`shortens ${name}`, () => assert.equal(withoutPaths(reason), expected));
  }

  it('leaves alone what is no path', () => {
    for (const text of ['Expected: 4, got: 3/4', 'input serving_default/x:0', 'and/or', '0x1F', 'a \\ b']) {
      assert.equal(withoutPaths(text), text);
    }
  });

  it('does not glue the rest of a relative path to what stays', () => {
    assert.equal(withoutPaths('open models/a/1/model.onnx'), 'open model.onnx');
    assert.equal(withoutPaths("running node 'encoder/layer/MatMul'"), "running node 'MatMul'");
  });

  it('lets no folder of any path through', () => {
    const segment = fc.stringMatching(/^[a-z][a-z0-9_.-]{2,12}$/);
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 6 }), (folders) => {
        const shown = withoutPaths(`Could not read /${folders.join('/')}/FILE: denied`);
        assert.equal(shown, 'Could not read FILE: denied');
      }),
    );
  });
});
