import { deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import type { Image } from '#src/pipelines/value-type.js';

type Channels = Image['channels'];

/** An image whose channels are functions of the place, 0 to 255. */
export function paint(
  { width, height, channels }: { width: number; height: number; channels: Channels },
  level: (x: number, y: number, channel: number) => number,
): Image {
  const data = Uint8Array.from({ length: width * height * channels }, (_, at) => {
    const pixel = Math.floor(at / channels);
    return Math.max(0, Math.min(255, Math.round(level(pixel % width, Math.floor(pixel / width), at % channels))));
  });
  return { width, height, channels, data };
}

/** Soft waves in all channels, without sharp edges; alpha is opaque. */
export function waves(width: number, height: number, channels: Channels = 3): Image {
  return paint({ width, height, channels }, (x, y, channel) =>
    channel === 3 ? 255 : 128 + 100 * Math.sin(x / 19 + channel) * Math.cos(y / 23 - channel),
  );
}

/** Four quarters of different colours: red, green, blue, white from left to right and from top to bottom. */
export function quarters(width: number, height: number): Image {
  const colours = [
    [255, 0, 0],
    [0, 255, 0],
    [0, 0, 255],
    [255, 255, 255],
  ];
  return paint({ width, height, channels: 3 }, (x, y, channel) => {
    const quarter = (x < width / 2 ? 0 : 1) + (y < height / 2 ? 0 : 2);
    return colours[quarter]?.[channel] as number;
  });
}

/** An image in sharp's hands, to be encoded. */
export function encode({ data, width, height, channels }: Image): Sharp {
  return sharp(data, { raw: { width, height, channels } });
}

/** The channels of one pixel. */
export function pixelAt({ data, width, channels }: Image, x: number, y: number): number[] {
  const at = (y * width + x) * channels;
  return [...data.subarray(at, at + channels)];
}

/** The largest and the mean difference between the bytes of two images of one size. */
export function difference(one: Image, other: Image): { largest: number; mean: number } {
  if (one.data.length !== other.data.length) throw new Error(`${one.data.length} bytes against ${other.data.length}`);
  let [largest, sum] = [0, 0];
  for (const [at, byte] of one.data.entries()) {
    const apart = Math.abs(byte - (other.data[at] as number));
    largest = Math.max(largest, apart);
    sum += apart;
  }
  return { largest, mean: sum / one.data.length };
}

/** A PNG of grey samples written by hand, all of them 0: a small file, however large the image is. */
export function blackPng(width: number, height: number, depth: 1 | 8 | 16 = 8): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = depth;
  const rowBytes = 1 + Math.ceil((width * depth) / 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    pngChunk('IHDR', header),
    pngChunk('IDAT', deflateSync(Buffer.alloc(rowBytes * height), { level: 9 })),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

function pngChunk(name: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), content]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

/** The check sum of PNG's chunks (ISO 3309); zlib's own came with Node 22. */
function crc32(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
