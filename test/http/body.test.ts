import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { readBody } from '#src/http/body.js';
import { BodyBudget } from '#src/http/body-budget.js';
import { requestOf } from '../support/body-request.js';

/** `count` chunks of `bytes` bytes each. */
const chunksOf = (count: number, bytes: number): Buffer[] => Array.from({ length: count }, () => Buffer.alloc(bytes));

describe('readBody', () => {
  it('puts the chunks together', async () => {
    const chunks = ['{"a"', ':', '1}'].map((text) => Buffer.from(text));
    assert.equal((await readBody(requestOf(chunks), 100)).toString(), '{"a":1}');
    assert.equal((await readBody(requestOf([]), 100)).length, 0);
  });

  it('takes as many bytes as allowed and refuses one more', async () => {
    assert.equal((await readBody(requestOf(chunksOf(2, 5)), 10)).length, 10);
    await assert.rejects(readBody(requestOf(chunksOf(2, 5)), 9), {
      code: 'PAYLOAD_TOO_LARGE',
      details: { path: 'body', expected: 'at most 9 bytes', got: 'more' },
    });
  });

  it('refuses a declared length before it reads anything', async () => {
    const request = requestOf(chunksOf(1, 1), { 'content-length': '11' });
    await assert.rejects(readBody(request, 10), {
      code: 'PAYLOAD_TOO_LARGE',
      details: { path: 'body', expected: 'at most 10 bytes', got: '11 bytes' },
    });
    assert.equal(request.readableFlowing, null);
  });

  it('reads the rest of a refused body and throws it away, so that the client can read its answer', async () => {
    const request = requestOf(chunksOf(50, 10));
    const ended = once(request, 'end');
    await assert.rejects(readBody(request, 20), { code: 'PAYLOAD_TOO_LARGE' });
    await ended;
  });

  it('refuses a body in very many very small chunks', async () => {
    const limit = 4_096;
    assert.equal((await readBody(requestOf(chunksOf(limit, 1)), 1e6)).length, limit);
    assert.equal((await readBody(requestOf(chunksOf(limit + 1, 64)), 1e6)).length, 64 * (limit + 1));
    await assert.rejects(readBody(requestOf(chunksOf(limit + 1, 1)), 1e6), {
      code: 'PAYLOAD_TOO_LARGE',
      message: 'The body is larger than allowed.',
      details: {
        path: 'body',
        expected: 'at most 1000000 bytes, in chunks of 64 bytes or more',
        got: '4097 chunks in 4097 bytes',
      },
    });
  });

  it('says that the client left when the body breaks off', async () => {
    const stream = new PassThrough();
    stream.write('{"a"');
    const read = readBody(Object.assign(stream, { headers: {} }) as unknown as IncomingMessage, 100);
    stream.destroy();
    await assert.rejects(read, { code: 'CLIENT_CLOSED_REQUEST' });
  });
});

describe('readBody with a budget for all bodies', () => {
  /** Begins to read a body of which `bytes` bytes have come, and that goes on. */
  async function beginRead(budget: BodyBudget, bytes: number) {
    const stream = Object.assign(new PassThrough(), { headers: {} });
    const read = readBody(stream as unknown as IncomingMessage, 100, budget);
    const arrived = once(stream, 'data');
    stream.write(Buffer.alloc(bytes));
    await arrived;
    return { stream, read };
  }

  /** Says that ten bytes fit into the budget, and no more. */
  async function assertAllFree(budget: BodyBudget): Promise<void> {
    assert.equal((await readBody(requestOf(chunksOf(2, 5)), 100, budget)).length, 10);
    await assert.rejects(readBody(requestOf(chunksOf(11, 1)), 100, budget), { code: 'OVERLOADED' });
  }

  it('refuses what goes beyond it together with the bodies that are arriving', async () => {
    const budget = new BodyBudget(10);
    const { stream, read } = await beginRead(budget, 6);
    await assert.rejects(readBody(requestOf(chunksOf(5, 1)), 100, budget), {
      code: 'OVERLOADED',
      details: { expected: 'room for 1 of at most 10 bytes', got: '10 bytes are held', retryAfterMs: 1000 },
    });
    assert.equal((await readBody(requestOf(chunksOf(4, 1)), 100, budget)).length, 4);
    stream.end();
    assert.equal((await read).length, 6);
  });

  it('has its room back when a body has come', async () => {
    const budget = new BodyBudget(10);
    const { stream, read } = await beginRead(budget, 6);
    const closed = once(stream, 'close');
    stream.end();
    await Promise.all([read, closed]);
    await assertAllFree(budget);
  });

  it('has its room back when a body is refused, before the rest of it has come', async () => {
    const budget = new BodyBudget(10);
    const { stream, read } = await beginRead(budget, 6);
    const refused = assert.rejects(read, { code: 'OVERLOADED' });
    stream.write(Buffer.alloc(5));
    await refused;
    await assertAllFree(budget);
    const closed = once(stream, 'close');
    stream.end();
    await closed;
    await assertAllFree(budget);
  });

  it('has its room back when the client leaves', async () => {
    const budget = new BodyBudget(10);
    const { stream, read } = await beginRead(budget, 6);
    stream.destroy();
    await assert.rejects(read, { code: 'CLIENT_CLOSED_REQUEST' });
    await assertAllFree(budget);
  });
});
