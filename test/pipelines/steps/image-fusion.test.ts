import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { StepError } from '#src/pipelines/step.js';
import type { Image } from '#src/pipelines/value-type.js';
import { buildSteps, fuseSteps, runSteps, type WrittenStep } from '../../support/built-steps.js';
import { difference, encode, waves } from '../../support/image-fixtures.js';
import { propertyRuns } from '../../support/property-runs.js';

async function namesOf(written: readonly WrittenStep[]): Promise<string[]> {
  return fuseSteps(await buildSteps(written)).map(({ name }) => name);
}

const square = { width: 64, height: 64 };

describe('image steps', () => {
  it('become one run of sharp where they follow its order', async () => {
    assert.deepEqual(await namesOf(['decode_image', { resize: { ...square, fit: 'cover' } }, 'image_to_tensor']), [
      'decode_image + resize',
      'image_to_tensor',
    ]);
    const crop = { crop: { width: 32, height: 32 } };
    assert.deepEqual(await namesOf(['decode_image', { resize: { shortest: 64 } }, crop, { colour: 'grey' }]), [
      'decode_image + resize + crop + colour',
    ]);
    assert.deepEqual(await namesOf(['decode_image', { colour: 'grey' }, { letterbox: square }]), [
      'decode_image + colour + letterbox',
    ]);
  });

  it('say what the last one gives, run natively and keep the example', async () => {
    const steps = await buildSteps(['decode_image', { resize: square }, { colour: 'grey' }]);
    const [fused] = fuseSteps(steps);
    assert.deepEqual(fused?.gives, { kind: 'image', ...square, channels: 1 });
    assert.equal(fused?.runs, 'native');
    assert.equal(await fused?.sample?.(), await steps[0]?.sample?.());
  });

  it('stay apart where sharp would do something else', async () => {
    const apart: Record<string, WrittenStep[]> = {
      'resized twice': [{ resize: square }, { resize: { width: 32, height: 32 } }],
      'cut out before resizing': [{ crop: square }, { resize: { width: 32, height: 32 } }],
      'cut out twice': [{ resize: square }, { crop: { width: 32, height: 32 } }, { crop: { width: 16, height: 16 } }],
      'single pixels of what may be decoded smaller': [{ resize: { ...square, kernel: 'nearest' } }],
      'colours around what may be grey': [{ letterbox: { ...square, background: '#ff0000' } }],
      'a middle that would be rounded twice': [{ resize: { shortest: 64 } }, { crop: { width: 33, height: 32 } }],
      'a middle that is not known yet': [{ resize: { ...square, fit: 'inside' } }, { crop: { width: 9, height: 9 } }],
    };
    for (const [name, written] of Object.entries(apart)) {
      const names = await namesOf(['decode_image', ...written]);
      assert.ok(names.length > 1, `${name}: ${names.join(', ')}`);
    }
    assert.equal((await namesOf([{ decode_image: { colour: 'grey' } }, { colour: 'rgb' }])).length, 2);
  });

  it('are never fused with others', async () => {
    const [decode] = await buildSteps(['decode_image']);
    const [draw] = await buildSteps([{ draw_strokes: square }], { given: 'strokes' });
    assert.ok(draw !== undefined);
    assert.equal(decode?.fuse?.(draw), undefined);
  });

  it('find out that what is cut out may not be there', async () => {
    const steps = await buildSteps([
      'decode_image',
      { resize: { shortest: 224 } },
      { crop: { width: 256, height: 256 } },
    ]);
    assert.throws(
      () => fuseSteps(steps),
      (error) => {
        assert.ok(error instanceof StepError);
        assert.equal(error.message, 'crop takes 256×256 out of images of which some are only 224×224');
        return true;
      },
    );
  });
});

const side = fc.integer({ min: 12, max: 60 });
const kernel = fc.constantFrom('linear', 'cubic', 'mitchell', 'lanczos2', 'lanczos3');
const fit = fc.constantFrom('fill', 'cover', 'contain', 'inside', 'outside');
const space = fc.constantFrom('rgb', 'grey', 'rgba');
const resizing = fc.oneof(
  fc.record({ width: side, height: side, fit, kernel }).map((options): WrittenStep => ({ resize: options })),
  fc.record({ shortest: side, kernel }).map((options): WrittenStep => ({ resize: options })),
  fc
    .record({ width: side, height: side, background: fc.nat(255) })
    .map((options): WrittenStep => ({ letterbox: options })),
);
const colouring = space.map((name): WrittenStep => ({ colour: name }));
const cutting = fc.record({ width: fc.integer({ min: 1, max: 8 }), height: fc.integer({ min: 1, max: 8 }) });
const optional = (step: fc.Arbitrary<WrittenStep>) =>
  fc.oneof(
    fc.constant([]),
    step.map((written) => [written]),
  );
const programs = fc
  .tuple(
    space.map((colour): WrittenStep[] => [{ decode_image: { colour } }]),
    optional(colouring),
    optional(resizing),
    optional(cutting.map((options): WrittenStep => ({ crop: options }))),
    optional(colouring),
  )
  .map((parts) => parts.flat());

/** Files, and how far their levels may be apart: some are decoded at a smaller size where that is enough. */
const sources = {
  png: { file: encode(waves(160, 120)).png(), apart: 2 },
  'grey png': {
    file: encode(waves(120, 150, 1))
      .toColourspace('b-w')
      .png(),
    apart: 2,
  },
  'png with alpha': { file: encode(waves(150, 110, 4)).png(), apart: 2 },
  'turned png': { file: encode(waves(140, 140)).withMetadata({ orientation: 6 }).png(), apart: 4 },
  'turned jpeg': { file: encode(waves(200, 160)).withMetadata({ orientation: 3 }).jpeg({ quality: 95 }), apart: 10 },
  jpeg: { file: encode(waves(640, 480)).jpeg({ quality: 95 }), apart: 10 },
  'grey jpeg': {
    file: encode(waves(480, 400, 1))
      .toColourspace('b-w')
      .jpeg({ quality: 95 }),
    apart: 6,
  },
  webp: { file: encode(waves(320, 400)).webp({ quality: 95 }), apart: 2 },
};
type Source = keyof typeof sources;
const names = Object.keys(sources) as Source[];

describe('fused image steps', () => {
  it('give what the steps give one by one', async () => {
    await fc.assert(
      fc.asyncProperty(programs, fc.constantFrom(...names), async (written, name) => {
        const { file, apart } = sources[name];
        const bytes = await file.toBuffer();
        const steps = await buildSteps(written);
        const fused = await runSteps<Image>(fuseSteps(steps), bytes);
        const single = await runSteps<Image>(steps, bytes);
        assert.deepEqual([fused.width, fused.height, fused.channels], [single.width, single.height, single.channels]);
        const { largest, mean } = difference(fused, single);
        assert.ok(largest <= apart && mean <= apart / 2, `${largest}, in the mean ${mean}`);
      }),
      propertyRuns(60),
    );
  });
});
