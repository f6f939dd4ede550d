import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ServiceError, status } from '@grpc/grpc-js';
import { type ErrorCode, errorTable, MillraceError } from '#src/core/errors.js';
import { errorIn, statusName, statusOf } from '#src/grpc/grpc-status.js';
import { detailsOf } from '../support/grpc-client.js';

const said = (error: MillraceError) => detailsOf(statusOf(error, 'r1') as ServiceError);

describe('statusOf', () => {
  it('takes the code of the one table, and names the reason', () => {
    for (const code of Object.keys(errorTable) as ErrorCode[]) {
      const { code: number, details } = statusOf(new MillraceError(code, 'a text'), 'r1');
      assert.equal(number, errorTable[code].grpc);
      // Some have words before it that Triton's clients look for.
      assert.ok(details.endsWith('a text'), details);
      assert.equal(said(new MillraceError(code, 'a text')).reason, code);
    }
  });

  it('says where, what was expected, and when to come again', () => {
    const details = { path: 'inputs[0]', expected: 'a', got: 'b', didYouMean: ['c', 'd'], retryAfterMs: 2_500 };
    assert.deepEqual(said(new MillraceError('QUEUE_FULL', 'full', details)), {
      reason: 'QUEUE_FULL',
      domain: 'millrace',
      metadata: { path: 'inputs[0]', expected: 'a', got: 'b', did_you_mean: 'c, d', request_id: 'r1' },
      retryMs: 2_500,
    });
    assert.equal(said(new MillraceError('OVERLOADED', 'no room')).retryMs, 1_000);
    assert.equal(said(new MillraceError('INVALID_INPUT', 'wrong')).retryMs, undefined);
  });

  it('stays within what clients take, and sends no half of a pair of surrogates', () => {
    const long = '🙂'.repeat(5_000);
    const { details, metadata } = statusOf(
      new MillraceError('INVALID_INPUT', long, { path: long, expected: long, got: long.slice(0, 5) }),
      'r1',
    );
    // What goes over the wire: the message percent-encoded, the details in base64.
    const sent = encodeURI(details).length + (4 / 3) * (metadata.get('grpc-status-details-bin')[0] as Buffer).length;
    assert.ok(sent < 8_000, `${sent} bytes`);
    assert.ok(details.endsWith('🙂…'));
  });
});

describe('errorIn', () => {
  it('finds the error in a status that grpc-js gives', () => {
    const codeOf = (code: status, details: string) => errorIn({ code, details })?.code;
    assert.equal(codeOf(status.OK, ''), undefined);
    assert.equal(codeOf(status.UNIMPLEMENTED, 'unsupported encoding'), undefined);
    assert.equal(codeOf(status.DEADLINE_EXCEEDED, 'Deadline exceeded'), 'DEADLINE_EXCEEDED');
    assert.equal(codeOf(status.RESOURCE_EXHAUSTED, 'Received message larger than max'), 'PAYLOAD_TOO_LARGE');
    assert.equal(codeOf(status.INTERNAL, 'Failed to decompress message'), 'INVALID_REQUEST');
    assert.equal(codeOf(status.INTERNAL, 'Error serializing response'), 'INTERNAL');
  });

  it('says nothing of a fault of the server to clients, and all to the log', () => {
    const error = errorIn({ code: status.UNKNOWN, details: 'at /secret/path' });
    assert.ok(!error?.message.includes('secret'));
    assert.match(String(error?.cause), /at \/secret\/path/);
  });
});

describe('statusName', () => {
  it('is that of the specification', () => {
    assert.deepEqual([0, 5, 14, 99].map(statusName), ['OK', 'NOT_FOUND', 'UNAVAILABLE', 'UNKNOWN']);
  });
});
