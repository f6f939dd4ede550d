import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { BodyBudget } from '#src/http/body-budget.js';
import { type Compression, compressionOf, Inflater } from '#src/http/content-coding.js';
import { requestOf } from '../support/body-request.js';
import { propertyRuns } from '../support/property-runs.js';

/** By what a client calls it: how it compresses, and what the server understands. */
const coders: Record<string, { compress(bytes: Uint8Array): Buffer; compression: Compression }> = {
  gzip: { compress: (bytes) => gzipSync(bytes), compression: 'gzip' },
  deflate: { compress: (bytes) => deflateSync(bytes), compression: 'deflate' },
  'deflate without zlib’s frame': { compress: (bytes) => deflateRawSync(bytes), compression: 'deflate' },
  br: {
    compress: (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }),
    compression: 'br',
  },
};

const BUDGET = 4_000_000;
const MAX_BYTES = 1_000_000;
const isWanted = () => true;

/** An inflater, and its budget, which is free again after whatever it did. */
function inflaterOf(budgetBytes = BUDGET) {
  const budget = new BodyBudget(budgetBytes);
  const inflater = new Inflater(budget);
  return {
    budget,
    inflate: (body: Buffer, compression: Compression, maxBytes = MAX_BYTES) =>
      inflater.inflate(body, { compression, maxBytes, isWanted }),
    inflater,
    assertAllFree: () => {
      budget.take(budgetBytes);
      budget.giveBack(budgetBytes);
    },
  };
}

describe('compressionOf', () => {
  const codingOf = (coding: string) => compressionOf(requestOf([], { 'content-encoding': coding }));

  it('knows the codings in whatever case, and that identity is none', () => {
    const known = ['gzip', 'x-gzip', 'GZip', ' deflate ', 'br'].map(codingOf);
    assert.deepEqual(known, ['gzip', 'gzip', 'gzip', 'deflate', 'br']);
    assert.deepEqual(['identity', 'Identity', ''].map(codingOf), [undefined, undefined, undefined]);
    assert.equal(compressionOf(requestOf([])), undefined);
  });

  for (const coding of ['zstd', 'compress', 'gzip, br', 'gzip, identity', '*', '__proto__', 'x'.repeat(10_000)]) {
    it(`refuses ${coding.slice(0, 20)} and says what is taken`, () => {
      assert.throws(() => codingOf(coding), {
        code: 'UNSUPPORTED_MEDIA_TYPE',
        details: {
          path: 'headers.content-encoding',
          expected: 'one of gzip, deflate, br, identity',
          got: coding.slice(0, 100),
          acceptEncoding: ['gzip', 'deflate', 'br', 'identity'],
        },
      });
    });
  }
});

for (const [name, { compress, compression }] of Object.entries(coders)) {
  describe(`inflating ${name}`, () => {
    it('gives what was compressed', async () => {
      const { inflate, assertAllFree } = inflaterOf();
      const sizes = fc.oneof(
        fc.uint8Array({ maxLength: 300 }),
        fc.constantFrom(70_000, 200_000).map((size) => new Uint8Array(size).fill(7)),
      );
      await fc.assert(
        fc.asyncProperty(sizes, async (bytes) => {
          assert.deepEqual(await inflate(compress(bytes), compression), Buffer.from(bytes));
        }),
        propertyRuns(40),
      );
      assertAllFree();
    });

    it('takes as many bytes as allowed and refuses one more', async () => {
      const { inflate } = inflaterOf();
      assert.equal((await inflate(compress(Buffer.alloc(5_000)), compression, 5_000)).length, 5_000);
      await assert.rejects(inflate(compress(Buffer.alloc(5_001)), compression, 5_000), {
        code: 'PAYLOAD_TOO_LARGE',
        details: { path: 'body', expected: 'at most 5000 bytes after inflation', got: 'more' },
      });
    });

    it('stops a bomb as soon as it is more than allowed', async () => {
      // What came out beyond the limit would not fit into the budget.
      const { inflate, assertAllFree } = inflaterOf(2 * MAX_BYTES);
      const bomb = compress(Buffer.alloc(50_000_000));
      assert.ok(bomb.length < 100_000, `${bomb.length} bytes`);
      await assert.rejects(inflate(bomb, compression), { code: 'PAYLOAD_TOO_LARGE' });
      assertAllFree();
    });

    it('refuses what is cut off, wherever it is', async () => {
      const { inflate, assertAllFree } = inflaterOf();
      const whole = compress(Buffer.from('what was compressed, what was compressed'));
      for (let length = 0; length < whole.length; length += 1) {
        await assert.rejects(inflate(whole.subarray(0, length), compression), {
          code: 'INVALID_REQUEST',
          details: {
            path: 'body',
            expected: `one whole body in the coding ${compression}`,
            got: 'unexpected end of file',
          },
        });
      }
      assertAllFree();
    });

    it('refuses what stands behind the end', async () => {
      const { inflate, assertAllFree } = inflaterOf();
      const whole = compress(Buffer.from('what was compressed'));
      for (const rest of ['junk', '\0\0', '{"model":"other"}']) {
        await assert.rejects(inflate(Buffer.concat([whole, Buffer.from(rest)]), compression), {
          code: 'INVALID_REQUEST',
        });
      }
      assertAllFree();
    });

    it('refuses what was never compressed', async () => {
      const { inflate, assertAllFree } = inflaterOf();
      for (const text of ['{"model":"affine","input":[1,2,3,4]}', ' ', '\0'.repeat(100), 'x'.repeat(70_000)]) {
        await assert.rejects(inflate(Buffer.from(text), compression), { code: 'INVALID_REQUEST' });
      }
      assertAllFree();
    });
  });
}

describe('an Inflater', () => {
  it('takes several gzip bodies behind one another, which are one (RFC 1952)', async () => {
    const { inflate } = inflaterOf();
    const body = Buffer.concat(['one ', 'body'].map((text) => gzipSync(text)));
    assert.equal((await inflate(body, 'gzip')).toString(), 'one body');
  });

  it('tells both kinds of deflate apart at every level of compression', async () => {
    const { inflate } = inflaterOf();
    const texts = [Buffer.alloc(0), Buffer.from('x'), Buffer.from('{"input":[1,2,3]}'), Buffer.alloc(100_000, 'abc')];
    for (const level of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) {
      for (const windowBits of [9, 12, 15]) {
        for (const text of texts) {
          for (const compress of [deflateSync, deflateRawSync]) {
            assert.deepEqual(await inflate(compress(text, { level, windowBits }), 'deflate'), text);
          }
        }
      }
    }
  });

  it('refuses a body that asks for a dictionary', async () => {
    const body = deflateSync('what was compressed', { dictionary: Buffer.from('what was') });
    await assert.rejects(inflaterOf().inflate(body, 'deflate'), { code: 'INVALID_REQUEST' });
  });

  it('counts what comes out and what came in against the budget of all bodies', async () => {
    const { budget, inflate, assertAllFree } = inflaterOf();
    const body = gzipSync(Buffer.alloc(500_000));
    const held = BUDGET - 500_000 - body.length;
    budget.take(held);
    assert.equal((await inflate(body, 'gzip')).length, 500_000);
    budget.take(1);
    await assert.rejects(inflate(body, 'gzip'), { code: 'OVERLOADED' });
    budget.giveBack(held + 1);
    assertAllFree();
  });

  it('works on four bodies at a time, in the order in which they came', async () => {
    const { inflater } = inflaterOf();
    const bodies = Array.from({ length: 20 }, (_, index) =>
      index % 3 === 0 ? Buffer.from('broken') : gzipSync('text'),
    );
    // Twice: each has given its place back, and once.
    for (let time = 0; time < 2; time += 1) {
      const begun: number[] = [];
      const all = bodies.map((body, index) => {
        const begins = () => begun.push(index) > 0;
        return inflater.inflate(body, { compression: 'gzip', maxBytes: 10, isWanted: begins });
      });
      const settled = Promise.allSettled(all);
      // No more than microtasks, in which no thread of libuv can have answered.
      for (let turn = 0; turn < 100; turn += 1) await Promise.resolve();
      assert.deepEqual(begun, [0, 1, 2, 3]);
      const results = await settled;
      assert.deepEqual(begun, [...bodies.keys()]);
      assert.deepEqual(
        results.map(({ status }) => status),
        bodies.map((_, index) => (index % 3 === 0 ? 'rejected' : 'fulfilled')),
      );
    }
  });

  it('leaves a body alone whose client has left when its turn comes', async () => {
    const { inflater, inflate, assertAllFree } = inflaterOf();
    const body = gzipSync('text');
    for (let time = 0; time < 10; time += 1) {
      const left = inflater.inflate(body, { compression: 'gzip', maxBytes: 10, isWanted: () => false });
      await assert.rejects(left, { code: 'CLIENT_CLOSED_REQUEST' });
    }
    assertAllFree();
    assert.equal((await inflate(body, 'gzip')).toString(), 'text');
  });
});
