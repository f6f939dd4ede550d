import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatOf } from '#src/pipelines/steps/image-format.js';
import { loadSharp } from '#src/pipelines/steps/sharp-library.js';
import { hasSrgbProfile } from '#src/pipelines/steps/srgb-profile.js';
import { buildStep } from '../../support/built-steps.js';
import { encode, waves } from '../../support/image-fixtures.js';

const picture = waves(96, 64);

const isSrgb = async (bytes: Uint8Array) => hasSrgbProfile(await loadSharp(), bytes, formatOf(bytes));

describe('hasSrgbProfile', () => {
  it('knows the profile of sRGB in a JPEG, a PNG and a WebP', async () => {
    const file = encode(picture).withIccProfile('srgb');
    for (const each of [file.clone().jpeg(), file.clone().png(), file.clone().webp()]) {
      assert.equal(await isSrgb(await each.toBuffer()), true);
    }
  });

  it('takes no other profile for it, nor none', async () => {
    const wide = encode(picture).withIccProfile('p3');
    for (const each of [wide.clone().jpeg(), wide.clone().png(), encode(picture).jpeg(), encode(picture).gif()]) {
      assert.equal(await isSrgb(await each.toBuffer()), false);
    }
    assert.equal(await isSrgb(await encode(picture).withIccProfile('cmyk').jpeg().toBuffer()), false);
  });

  it('leaves what is broken to the decoder', async () => {
    const whole = await encode(picture).withIccProfile('srgb').jpeg().toBuffer();
    const at = whole.indexOf('ICC_PROFILE');
    assert.equal(await isSrgb(whole.subarray(0, at + 40)), false);
    const spoilt = Buffer.from(whole);
    spoilt.fill(0xff, at + 14, at + 14 + 132);
    assert.equal(await isSrgb(spoilt), false);
  });

  it('changes no pixel of what is read', async () => {
    const read = await buildStep({ decode_image: {} });
    const file = encode(picture);
    for (const plain of [file.clone().jpeg(), file.clone().png()]) {
      const tagged = await plain.clone().withIccProfile('srgb').toBuffer();
      assert.deepEqual(await read.run(tagged), await read.run(await plain.toBuffer()));
    }
  });
});
