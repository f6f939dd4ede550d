import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ChunkedBody } from '#src/http/v2/chunked-body.js';
import { propertyRuns } from '../../support/property-runs.js';

describe('ChunkedBody', () => {
  it('gives the parts that the whole would give', () => {
    const chunks = fc.array(fc.uint8Array({ maxLength: 9 }), { maxLength: 6 });
    fc.assert(
      fc.property(chunks, fc.nat(60), fc.nat(60), (arrays, one, other) => {
        const whole = Buffer.concat(arrays);
        const body = new ChunkedBody(arrays.map((array) => Buffer.from(array)));
        assert.equal(body.length, whole.length);
        const [from, to] = [one, other].map((at) => Math.min(at, whole.length)).sort((a, b) => a - b) as [
          number,
          number,
        ];
        assert.deepEqual([...body.slice(from, to)], [...whole.subarray(from, to)]);
      }),
      propertyRuns(500),
    );
  });

  it('copies nothing that lies in one chunk', () => {
    const chunk = Buffer.from('0123456789');
    const part = new ChunkedBody([Buffer.from('abc'), chunk]).slice(5, 9);
    assert.equal(part.buffer, chunk.buffer);
    assert.equal(part.byteOffset, chunk.byteOffset + 2);
  });

  it('puts together what lies in several in memory that is nobody else’s', () => {
    const part = new ChunkedBody([Buffer.from('abc'), Buffer.from('def')]).slice(1, 5);
    assert.equal(part.toString(), 'bcde');
    assert.equal(part.buffer.byteLength, 4);
  });
});
