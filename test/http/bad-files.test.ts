import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { errorTable } from '#src/core/errors.js';
import { affine } from '../support/fixture-models.js';
import { blackPng, encode, waves } from '../support/image-fixtures.js';
import { model, node } from '../support/model-parts.js';
import { startTestServer, type TestServer } from '../support/test-server.js';

/* What files may be wrong with, and files that are only unusual: through the whole server. */

const MAX_BODY = 2_000_000;
const pixels = model({ x: ['N', 3, 8, 8] }, { y: ['N', 3, 1, 1] }, [node('GlobalAveragePool', ['x'], 'y')]);
const preprocess = '[decode_image, { resize: { width: 8, height: 8 } }, image_to_tensor]';

let server: TestServer;
let origin: string;

before(async () => {
  server = await startTestServer(
    {
      'picture/model.onnx': pixels,
      'picture/model.yaml': `pipeline: { preprocess: ${preprocess}, postprocess: [{ reshape: [3] }, { round: 2 }] }`,
      'record/model.onnx': affine(),
      'record/model.yaml': 'pipeline: { preprocess: [{ columns: [a, b, c, d] }] }',
    },
    { limits: { body_bytes: MAX_BODY } },
  );
  origin = server.millrace.url;
});
after(() => server.stop());

interface Sent {
  readonly body: Buffer | string;
  readonly type?: string;
  readonly to?: string;
  readonly encoding?: string;
}

async function send({ body, type = 'application/octet-stream', to = 'picture', encoding }: Sent) {
  const headers = { 'content-type': type, ...(encoding === undefined ? {} : { 'content-encoding': encoding }) };
  const answer = await fetch(`${origin}/models/${to}/predict`, { method: 'POST', headers, body });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

const picture = waves(64, 48);
const jpeg = await encode(picture).jpeg().toBuffer();
const png = await encode(picture).png().toBuffer();
const json = 'application/json';

interface Refusal extends Sent {
  readonly code: keyof typeof errorTable;
  readonly path: string;
  readonly expected?: RegExp;
  readonly got?: RegExp;
}

const refused: Record<string, Refusal> = {
  'a text': { body: 'no picture', code: 'UNSUPPORTED_MEDIA_TYPE', path: 'input', expected: /PNG/ },
  'an SVG': { body: '<svg xmlns="http://www.w3.org/2000/svg"/>', code: 'UNSUPPORTED_MEDIA_TYPE', path: 'input' },
  'an empty file': { body: '', code: 'UNSUPPORTED_MEDIA_TYPE', path: 'input', got: /no bytes|0 bytes|empty/ },
  'a truncated JPEG': { body: jpeg.subarray(0, jpeg.length / 2), code: 'INVALID_INPUT', path: 'input' },
  'a truncated PNG': { body: png.subarray(0, png.length / 2), code: 'INVALID_INPUT', path: 'input' },
  'a PNG of 20,000 × 20,000': {
    body: blackPng(20_000, 20_000, 1),
    code: 'INVALID_INPUT',
    path: 'input',
    expected: /50000000 pixels/,
    got: /20000×20000/,
  },
  'a PNG’s first bytes before a JPEG': {
    body: Buffer.concat([png.subarray(0, 8), jpeg]),
    code: 'INVALID_INPUT',
    path: 'input',
  },
  'a zip bomb': {
    body: gzipSync(Buffer.alloc(20_000_000)),
    encoding: 'gzip',
    code: 'PAYLOAD_TOO_LARGE',
    path: 'body',
  },
  'a form without a boundary': {
    body: 'x',
    type: 'multipart/form-data',
    code: 'INVALID_REQUEST',
    path: 'headers.content-type',
  },
  'a record for a picture': { body: '{"input":{"a":1}}', type: json, code: 'INVALID_INPUT', path: 'input' },
  'no base64': { body: '{"input":{"base64":"%"}}', type: json, code: 'INVALID_INPUT', path: 'input.base64' },
  'a picture for a record': { body: png, to: 'record', code: 'UNSUPPORTED_MEDIA_TYPE', path: 'input' },
  'another column': {
    body: '{"input":{"a":1,"b":2,"c":3,"e":4}}',
    type: json,
    to: 'record',
    code: 'INVALID_INPUT',
    path: 'input.e',
  },
  'too few columns': { body: '{"input":[1,2]}', type: json, to: 'record', code: 'INVALID_INPUT', path: 'input' },
  'a NUL in a column': {
    body: JSON.stringify({ input: { a: '\0', b: 2, c: 3, d: 4 } }),
    type: json,
    to: 'record',
    code: 'INVALID_INPUT',
    path: 'input.a',
  },
  'a prototype key': {
    body: '{"input":{"a":1,"b":2,"c":3,"d":4,"__proto__":5}}',
    type: json,
    to: 'record',
    code: 'INVALID_INPUT',
    path: 'input.__proto__',
  },
};

describe('a file that cannot be taken', () => {
  for (const [what, { code, path, expected, got, ...sent }] of Object.entries(refused)) {
    it(`is answered with ${code}: ${what}`, async () => {
      const { status, body } = await send(sent);
      assert.deepEqual([body['code'], body['path'], status], [code, path, errorTable[code].http], JSON.stringify(body));
      if (expected !== undefined) assert.match(String(body['expected']), expected);
      if (got !== undefined) assert.match(String(body['got']), got);
    });
  }

  it('keeps the others from nothing', async () => {
    const answers = await Promise.all([jpeg, jpeg.subarray(0, 300), png].map((body) => send({ body })));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 400, 200],
    );
  });
});

describe('a picture that is unusual', () => {
  /** Its mean colour, from 0 to 1. */
  async function meanOf(body: Buffer): Promise<number[]> {
    const answer = await send({ body });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return (answer.body['output'] as number[]).map(Number);
  }
  const red = sharp({ create: { width: 40, height: 40, channels: 3, background: '#ff0000' } });

  const unusual: Record<string, () => Promise<Buffer>> = {
    'PNG of 16 bits': () => red.clone().toColourspace('rgb16').png().toBuffer(),
    WebP: () => red.clone().webp({ lossless: true }).toBuffer(),
    AVIF: () => red.clone().avif({ lossless: true }).toBuffer(),
    TIFF: () => red.clone().tiff().toBuffer(),
    'GIF that moves': async () => {
      const blue = sharp({ create: { width: 40, height: 40, channels: 3, background: '#0000ff' } });
      const frames = [await red.clone().png().toBuffer(), await blue.png().toBuffer()];
      return sharp(frames, { join: { animated: true } })
        .gif()
        .toBuffer();
    },
    'JPEG with a turned head': () => red.clone().withMetadata({ orientation: 6 }).jpeg().toBuffer(),
    'JPEG in CMYK': () => red.clone().toColourspace('cmyk').jpeg().toBuffer(),
  };
  for (const [what, make] of Object.entries(unusual)) {
    it(`is read: ${what}`, async () => {
      const [r = 0, g = 1, b = 1] = await meanOf(await make());
      // CMYK has no such red.
      assert.ok(r > 0.85 && g < 0.2 && b < 0.2, `${r} ${g} ${b}`);
    });
  }

  it('comes in JSON and in forms as well', async () => {
    const base64 = png.toString('base64');
    const form = new FormData();
    form.append('inputs', new Blob([jpeg], { type: 'image/jpeg' }), 'a.jpg');
    form.append('inputs', new Blob([png], { type: 'image/png' }), 'b.png');
    const inForm = await fetch(`${origin}/models/picture/predict`, { method: 'POST', body: form });
    const { outputs } = (await inForm.json()) as { outputs: { output: number[] }[] };
    const inputs = [{ base64 }, `data:image/png;base64,${base64}`];
    const { body } = await send({ body: JSON.stringify({ inputs }), type: json });
    const inJson = (body['outputs'] as { output: number[] }[]).map(({ output }) => output);
    assert.deepEqual(inJson[0], inJson[1]);
    assert.deepEqual(outputs[1]?.output, inJson[0]);
    assert.equal(outputs.length, 2);
  });
});
