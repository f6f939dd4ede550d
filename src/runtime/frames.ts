import type { Writable } from 'node:stream';

/*
 * Messages between two processes of one machine, on a stream of bytes. A frame is a prefix of 16 bytes (magic number,
 * kind, bytes of the head, bytes of the body; u32 each, little-endian), the head, and the body.
 */

/** `MRF` and the version of the protocol: what else comes in is not from our own other end. */
const MAGIC = 0x4d_52_46_01;
const PREFIX_BYTES = 16;
/** Names, shapes, reasons and options. */
const MAX_HEAD_BYTES = 16 * 1024 * 1024;
/** Elements of the tensors of one batch. */
export const MAX_BODY_BYTES = 1024 * 1024 * 1024;

export interface Frame {
  readonly kind: number;
  readonly head: Buffer;
  /** Begins at a multiple of 8 in memory of its own. */
  readonly body: Buffer;
}

/** A frame to be written, its body in pieces that are not copied. */
export interface OutgoingFrame {
  readonly kind: number;
  readonly head: Uint8Array;
  readonly body?: readonly Uint8Array[];
  readonly bodyBytes?: number;
}

/** Writes a frame; its pieces leave together, and must not be changed until the frame was answered. */
export function writeFrame(stream: Writable, { kind, head, body = [], bodyBytes = 0 }: OutgoingFrame): void {
  const start = Buffer.allocUnsafe(PREFIX_BYTES + head.byteLength);
  start.writeUInt32LE(MAGIC, 0);
  start.writeUInt32LE(kind, 4);
  start.writeUInt32LE(head.byteLength, 8);
  start.writeUInt32LE(bodyBytes, 12);
  start.set(head, PREFIX_BYTES);
  stream.cork();
  stream.write(start);
  for (const piece of body) stream.write(piece);
  stream.uncork();
}

/** Cuts a stream of bytes into frames. */
export class FrameReader {
  readonly #onFrame: (frame: Frame) => void;
  readonly #prefix = Buffer.alloc(PREFIX_BYTES);
  #head = Buffer.alloc(0);
  #body = Buffer.alloc(0);
  /** Of the frame that is being read, its prefix included. */
  #read = 0;

  constructor(onFrame: (frame: Frame) => void) {
    this.#onFrame = onFrame;
  }

  /**
   * Takes the next bytes, and hands on the frames that are complete with them.
   *
   * @throws Error if they are not those of a frame, or of one that is too large; nothing can be read after that
   */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.byteLength) {
      const [target, from] = this.#target();
      const count = Math.min(target.byteLength - from, chunk.byteLength - at);
      target.set(chunk.subarray(at, at + count), from);
      at += count;
      this.#read += count;
      if (this.#read === PREFIX_BYTES) this.#begin();
      if (this.#read >= PREFIX_BYTES && this.#isComplete) this.#finish();
    }
  }

  get #isComplete(): boolean {
    return this.#read === PREFIX_BYTES + this.#head.byteLength + this.#body.byteLength;
  }

  /** Where the next byte goes. */
  #target(): [target: Buffer, from: number] {
    if (this.#read < PREFIX_BYTES) return [this.#prefix, this.#read];
    const read = this.#read - PREFIX_BYTES;
    return read < this.#head.byteLength ? [this.#head, read] : [this.#body, read - this.#head.byteLength];
  }

  #begin(): void {
    if (this.#prefix.readUInt32LE(0) !== MAGIC) throw new Error('what came is no message of this protocol');
    const [headBytes, bodyBytes] = [this.#prefix.readUInt32LE(8), this.#prefix.readUInt32LE(12)];
    if (headBytes > MAX_HEAD_BYTES || bodyBytes > MAX_BODY_BYTES)
      throw new Error(`a message of ${headBytes} and ${bodyBytes} bytes is larger than allowed`);
    this.#head = Buffer.allocUnsafeSlow(headBytes);
    this.#body = Buffer.allocUnsafeSlow(bodyBytes);
  }

  #finish(): void {
    const frame = { kind: this.#prefix.readUInt32LE(4), head: this.#head, body: this.#body };
    this.#head = Buffer.alloc(0);
    this.#body = Buffer.alloc(0);
    this.#read = 0;
    this.#onFrame(frame);
  }
}
