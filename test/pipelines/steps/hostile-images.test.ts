import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MillraceError } from '#src/core/errors.js';
import { readingError, resizingError } from '#src/pipelines/steps/image-errors.js';
import type { DecodeOperation } from '#src/pipelines/steps/image-plan.js';
import type { Image } from '#src/pipelines/value-type.js';
import { buildSteps, fuseSteps, runSteps } from '../../support/built-steps.js';
import { blackPng, encode, waves } from '../../support/image-fixtures.js';

const picture = encode(waves(200, 150));
const png = await picture.clone().png().toBuffer();
const jpeg = await picture.clone().jpeg().toBuffer();
const webp = await picture.clone().webp().toBuffer();
const gif = await picture.clone().gif().toBuffer();
const tiff = await picture.clone().tiff({ compression: 'lzw' }).toBuffer();
const avif = await picture.clone().avif({ effort: 0 }).toBuffer();
const steps = fuseSteps(await buildSteps(['decode_image', { resize: { width: 32, height: 32 } }]));

const read = (bytes: Uint8Array) => runSteps<Image>(steps, bytes);
const part = (bytes: Buffer, share: number) => bytes.subarray(0, Math.floor(bytes.length * share));

/** An ISO media file of a brand, as far as its first box. */
function ftyp(brand: string): Buffer {
  return Buffer.concat([
    Buffer.from([0, 0, 0, 24]),
    Buffer.from(`ftyp${brand}\0\0\0\0mif1${brand}`),
    Buffer.alloc(500),
  ]);
}

async function failure(bytes: Uint8Array): Promise<MillraceError> {
  try {
    await read(bytes);
  } catch (error) {
    assert.ok(error instanceof MillraceError, String(error));
    // Nothing of the libraries beneath is told, nor of the machine.
    assert.doesNotMatch(`${error.message} ${JSON.stringify(error.details)}`, /vips|libpng|libjpeg|heif|buffer|\//i);
    return error;
  }
  return assert.fail('it was read');
}

describe('what is not an image', () => {
  const others: Record<string, [bytes: Buffer, got: RegExp]> = {
    'no bytes': [Buffer.alloc(0), /^no bytes$/],
    'one byte': [Buffer.from([0xff]), /^1 bytes that begin with ff \(\.\)$/],
    text: [Buffer.from('hello there, server'), /^19 bytes that begin with 68 65 6c 6c 6f .*\(hello there,\)$/],
    SVG: [Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'), /\(<svg xmlns="\)$/],
    BMP: [Buffer.concat([Buffer.from('BM'), Buffer.alloc(200)]), /begin with 42 4d 00/],
    PDF: [Buffer.from('%PDF-1.7\n1 0 obj'), /\(%PDF-1\.7/],
    HEIC: [ftyp('heic'), /\(\.\.\.\.ftypheic\)$/],
    'a part of a PNG signature': [png.subarray(0, 6), /begin with 89 50 4e 47/],
    WAVE: [Buffer.from('RIFF\0\0\0\0WAVEfmt '), /\(RIFF\.\.\.\.WAVE\)$/],
  };
  for (const [name, [bytes, got]] of Object.entries(others)) {
    it(`refuses ${name}`, async () => {
      const { code, details } = await failure(bytes);
      assert.equal(code, 'UNSUPPORTED_MEDIA_TYPE');
      assert.equal(details.expected, 'PNG, JPEG, WebP, GIF, TIFF or AVIF');
      assert.match(details.got ?? '', got);
    });
  }
});

describe('an image that is damaged', () => {
  const files = { PNG: png, JPEG: jpeg, WebP: webp, GIF: gif, TIFF: tiff, AVIF: avif };
  for (const [format, bytes] of Object.entries(files)) {
    it(`is refused, not read in part: ${format}`, async () => {
      for (const share of [0.97, 0.5, 0.1]) {
        const cut = part(bytes, share);
        const { code, message, details } = await failure(cut);
        assert.equal(code, 'INVALID_INPUT');
        assert.equal(message, 'The image is damaged or cut off.');
        assert.equal(details.expected, `a whole ${format} image`);
        assert.equal(details.got, `${cut.length} bytes that cannot be read as one`);
      }
    });
  }

  it('is refused if only its first bytes are right', async () => {
    for (const bytes of [
      Buffer.concat([png.subarray(0, 8), jpeg]),
      png.subarray(0, 8),
      jpeg.subarray(0, 3),
      Buffer.from('GIF89a'),
      Buffer.from('II*\0'),
      Buffer.from('MM\0*'),
      Buffer.from('RIFF\0\0\0\0WEBPVP8 '),
      ftyp('avif'),
    ]) {
      assert.equal((await failure(bytes)).code, 'INVALID_INPUT');
    }
  });

  it('is refused if a check sum is wrong', async () => {
    const changed = Buffer.from(png);
    changed[Math.floor(png.length / 2)] = (changed[Math.floor(png.length / 2)] as number) ^ 0xff;
    assert.equal((await failure(changed)).code, 'INVALID_INPUT');
  });

  it('is read all the same if something is appended to it', async () => {
    const whole = await read(jpeg);
    assert.deepEqual((await read(Buffer.concat([jpeg, Buffer.from('and so on'.repeat(99))]))).data, whole.data);
  });
});

describe('an image of unusual size', () => {
  it('is refused by its header if it has too many pixels', async () => {
    const bomb = blackPng(20_000, 20_000, 1);
    assert.ok(bomb.length < 100_000);
    const { code, details } = await failure(bomb);
    assert.equal(code, 'INVALID_INPUT');
    assert.deepEqual([details.expected, details.got], ['at most 50000000 pixels', '20000×20000']);
  });

  it('may have other limits', async () => {
    const small = fuseSteps(await buildSteps([{ decode_image: { max_pixels: 29_999 } }]));
    await assert.rejects(runSteps(small, png), {
      code: 'INVALID_INPUT',
      details: { expected: 'at most 29999 pixels', got: '200×150' },
    });
    assert.equal(
      (await runSteps<Image>(fuseSteps(await buildSteps([{ decode_image: { max_pixels: 30_000 } }])), png)).width,
      200,
    );
  });

  it('is read if it is one pixel, or one row', async () => {
    assert.equal((await read(blackPng(1, 1))).data.length, 32 * 32 * 3);
    assert.equal((await read(blackPng(100_000, 1))).data.length, 32 * 32 * 3);
  });

  it('never becomes larger than memory', async () => {
    const shortest = fuseSteps(await buildSteps(['decode_image', { resize: { shortest: 256 } }]));
    await assert.rejects(runSteps(shortest, blackPng(100_000, 1)), {
      code: 'INVALID_INPUT',
      details: { expected: 'at most 50000000 pixels after resizing', got: '25600000×256' },
    });
    const unfused = await buildSteps(['decode_image', { resize: { shortest: 256 } }]);
    await assert.rejects(runSteps(unfused, blackPng(1, 100_000)), { code: 'INVALID_INPUT' });
    const cut = fuseSteps(
      await buildSteps(['decode_image', { resize: { shortest: 256 } }, { crop: { width: 224, height: 224 } }]),
    );
    assert.equal((await runSteps<Image>(cut, blackPng(100_000, 1))).data.length, 224 * 224 * 3);
  });

  it('is refused if it cannot be enlarged', async () => {
    const written = ['decode_image', { resize: { width: 224, height: 224, fit: 'cover' } }];
    for (const built of [fuseSteps(await buildSteps(written)), await buildSteps(written)]) {
      await assert.rejects(runSteps(built, blackPng(999_999, 1)), {
        code: 'INVALID_INPUT',
        details: { expected: 'other proportions', got: '999999×1' },
      });
    }
  });
});

describe('errors of reading', () => {
  const limits = { maxPixels: 100, timeoutSeconds: 7 } as DecodeOperation;
  const image = { format: 'PNG', bytes: Buffer.alloc(3), limits, size: undefined } as const;

  it('tell of a time that was not enough', () => {
    const { code, details } = readingError(new Error('timeout: 42% complete'), image);
    assert.equal(code, 'INVALID_INPUT');
    assert.equal(details.expected, 'an image that can be read in 7 s');
  });

  it('keep what happened underneath for the log', () => {
    const cause = new Error('vipspng: libpng read error');
    assert.equal(readingError(cause, image).cause, cause);
    assert.equal(resizingError(cause, undefined), undefined);
  });
});
