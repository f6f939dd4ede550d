import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { readYaml } from '#src/core/yaml-document.js';
import { drawLine } from '#src/pipelines/steps/line-raster.js';
import type { Image, Stroke } from '#src/pipelines/value-type.js';
import type { Tensor as PipelineTensor } from '#src/tensor/tensor.js';
import { buildSteps, fuseSteps, modelInput, runSteps, type WrittenStep } from '../../support/built-steps.js';
import { encode, paint } from '../../support/image-fixtures.js';

/** The bundled model whose input is made by these steps, and the lines of its model.yaml about them. */
const folder = fileURLToPath(new URL('../models/symbols', import.meta.resolve('#src/main.js')));
const [byType, toTensor] = (
  readYaml(await readFile(join(folder, 'model.yaml'), 'utf8')) as {
    pipeline: { preprocess: [{ by_type: Record<'strokes' | 'bytes', WrittenStep[]> }, WrittenStep] };
  }
).pipeline.preprocess;
const labels = JSON.parse(await readFile(join(folder, 'labels.json'), 'utf8')) as { label: string; symbol: string }[];
const session = await InferenceSession.create(join(folder, '1', 'model.onnx'), { intraOpNumThreads: 1 });
after(() => session.release());

const ways = {
  strokes: await buildSteps([...byType.by_type.strokes, toTensor], {
    given: 'strokes',
    inputs: [modelInput([1, 32, 32])],
  }),
  bytes: fuseSteps(await buildSteps([...byType.by_type.bytes, toTensor], { inputs: [modelInput([1, 32, 32])] })),
};

async function recognise(value: readonly Stroke[] | Uint8Array): Promise<string> {
  const way = value instanceof Uint8Array ? ways.bytes : ways.strokes;
  const { data, shape } = await runSteps<PipelineTensor>(way, value);
  const input = new Tensor('float32', data as Float32Array, [1, ...shape]);
  const outputs = await session.run({ [session.inputNames[0] as string]: input });
  const [logits] = Object.values(outputs) as [Tensor];
  const scores = [...(logits.data as Float32Array)];
  return labels[scores.indexOf(Math.max(...scores))]?.symbol ?? '';
}

function curve(steps: number, point: (turn: number) => [number, number]): Stroke {
  return Array.from({ length: steps + 1 }, (_, step) => point((step / steps) * 2 * Math.PI));
}

/** Symbols as somebody draws them, some 200 units large. */
const symbols: Record<string, Stroke[]> = {
  '∞': [
    curve(48, (turn) => {
      const reach = 110 / (1 + Math.cos(turn) ** 2);
      return [110 - reach * Math.sin(turn), 100 - reach * Math.sin(turn) * Math.cos(turn)];
    }),
  ],
  '∫': [
    [
      ...curve(12, (turn) => [120 + 22 * Math.cos(-0.35 - turn / 2.2), 45 + 25 * Math.sin(-0.35 - turn / 2.2)]),
      ...curve(12, (turn) => [76 + 22 * Math.cos(turn / 2.2), 195 + 25 * Math.sin(turn / 2.2)]),
    ],
  ],
  '∀': [
    [
      [30, 30],
      [90, 190],
      [150, 30],
    ],
    [
      [55, 95],
      [125, 95],
    ],
  ],
  '∅': [
    curve(40, (turn) => [100 + 60 * Math.cos(turn), 100 + 75 * Math.sin(turn)]),
    [
      [150, 20],
      [50, 180],
    ],
  ],
  '→': [
    [
      [20, 100],
      [200, 100],
    ],
    [
      [160, 65],
      [200, 100],
      [160, 135],
    ],
  ],
  '✓': [
    [
      [30, 110],
      [70, 160],
      [160, 30],
    ],
  ],
  '∑': [
    [
      [160, 40],
      [30, 40],
      [100, 120],
      [30, 200],
      [165, 200],
    ],
  ],
};

/** A symbol in an image of so many pixels, its larger side `share` of that, right of the middle. */
function pictured(
  strokes: readonly Stroke[],
  { size, lineWidth, share }: { size: number; lineWidth: number; share: number },
): Image {
  const coverage = { width: size, height: size, data: new Float32Array(size * size) };
  const scale = (size * share) / 220;
  for (const stroke of strokes) {
    drawLine(
      coverage,
      stroke.map(([x, y]) => [x * scale + size * (0.9 - share), y * scale + size * 0.05]),
      lineWidth,
    );
  }
  return paint({ width: size, height: size, channels: 3 }, (x, y, channel) => {
    const ground = 245 - (20 * x) / size;
    return ground + (20 + channel * 10 - ground) * (coverage.data[y * size + x] as number);
  });
}

describe('the model symbols', () => {
  it('has a label for each of its classes', () => {
    assert.equal(labels.length, 400);
    assert.equal(new Set(labels.map(({ label }) => label)).size, 400);
  });

  for (const [symbol, strokes] of Object.entries(symbols)) {
    it(`recognises ${symbol} in strokes`, async () => {
      assert.equal(await recognise(strokes), symbol);
    });

    it(`recognises ${symbol} in images of any size and line width`, async () => {
      const sheets = [
        { size: 64, lineWidth: 2, share: 0.8 },
        { size: 300, lineWidth: 3, share: 0.8 },
        { size: 400, lineWidth: 18, share: 0.8 },
        { size: 900, lineWidth: 6, share: 0.3 },
      ];
      // The sum sign and the letter look the same.
      const right = symbol === '∑' ? ['∑', 'Σ'] : [symbol];
      for (const sheet of sheets) {
        const image = encode(pictured(strokes, sheet));
        for (const file of [image.clone().png(), image.clone().jpeg()]) {
          const found = await recognise(await file.toBuffer());
          assert.ok(right.includes(found), `${found}: ${JSON.stringify(sheet)}`);
        }
      }
    });
  }
});
