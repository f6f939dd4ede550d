import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Frame, FrameReader, MAX_BODY_BYTES, writeFrame } from '#src/runtime/frames.js';
import { propertyRuns } from '../support/property-runs.js';

interface Sent {
  readonly kind: number;
  readonly head: Uint8Array;
  readonly body: readonly Uint8Array[];
}

const sent = fc.record({
  kind: fc.nat(100),
  head: fc.uint8Array({ maxLength: 40 }),
  body: fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 3 }),
});

/** What is written for these frames, all in one. */
function bytesOf(frames: readonly Sent[]): Buffer {
  const stream = new PassThrough({ highWaterMark: 1_000_000 });
  for (const { kind, head, body } of frames) {
    writeFrame(stream, { kind, head, body, bodyBytes: body.reduce((sum, { byteLength }) => sum + byteLength, 0) });
  }
  return (stream.read() as Buffer | null) ?? Buffer.alloc(0);
}

function read(chunks: readonly Uint8Array[]): Frame[] {
  const frames: Frame[] = [];
  const reader = new FrameReader((frame) => frames.push(frame));
  for (const chunk of chunks) reader.push(chunk);
  return frames;
}

describe('frames', () => {
  it('come out as they went in, wherever the stream is cut', () => {
    const property = fc.property(fc.array(sent, { maxLength: 4 }), fc.array(fc.nat(400)), (frames, cuts) => {
      const bytes = bytesOf(frames);
      const places = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
      const chunks = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
      assert.deepEqual(
        read(chunks).map(({ kind, head, body }) => ({ kind, head: [...head], body: [...body] })),
        frames.map(({ kind, head, body }) => ({ kind, head: [...head], body: body.flatMap((piece) => [...piece]) })),
      );
    });
    fc.assert(property, propertyRuns(300));
  });

  it('have a body that typed arrays can lie on', () => {
    const [frame] = read([bytesOf([{ kind: 1, head: Uint8Array.of(1), body: [new Uint8Array(16)] }])]);
    assert.equal((frame?.body.byteOffset ?? 1) % 8, 0);
  });

  const wrong: { name: string; bytes: Buffer; reason: RegExp }[] = [
    { name: 'another protocol', bytes: Buffer.from('GET / HTTP/1.1\r\n\r\n'), reason: /no message of this protocol/ },
    { name: 'a body beyond the limit', bytes: prefix(0, MAX_BODY_BYTES + 1), reason: /larger than allowed/ },
    { name: 'a head beyond the limit', bytes: prefix(2 ** 31, 0), reason: /larger than allowed/ },
  ];
  for (const { name, bytes, reason } of wrong) {
    it(`refuse ${name}, before anything is allocated for it`, () => {
      assert.throws(() => read([bytes]), reason);
    });
  }
});

/** The beginning of a frame that says so of itself. */
function prefix(headBytes: number, bodyBytes: number): Buffer {
  const bytes = bytesOf([{ kind: 1, head: new Uint8Array(0), body: [] }]);
  bytes.writeUInt32LE(headBytes, 8);
  bytes.writeUInt32LE(bodyBytes, 12);
  return bytes;
}
