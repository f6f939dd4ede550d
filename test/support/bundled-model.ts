import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InferenceSession, Tensor as OnnxTensor } from 'onnxruntime-node';
import { readYaml } from '#src/core/yaml-document.js';
import type { TensorSpec } from '#src/model/signature.js';
import { pipelineSchema } from '#src/pipelines/pipeline-config.js';
import { Answer, type Value } from '#src/pipelines/step.js';
import type { Tensor } from '#src/tensor/tensor.js';
import { buildSteps } from './built-steps.js';

/** What a labels.json may say of an output of a model; penguins has names alone. */
export interface LabelRow {
  readonly label: string;
  readonly [detail: string]: unknown;
}

/** A bundled model, its preprocessing as its model.yaml has it, run by ONNX Runtime alone. */
export interface BundledModel {
  readonly labels: readonly LabelRow[];
  /** @returns what the model gives for one item alone, or an answer without it */
  ask(item: Value): Promise<Answer | ArrayLike<number>>;
  release(): Promise<void>;
}

/** A file of a bundled model, or of this test's folder of reference values. */
export const projectFile = (...path: string[]) =>
  join(fileURLToPath(new URL('..', import.meta.resolve('#src/main.js'))), ...path);

/** @param input the model's one input, as it takes one item */
export async function openBundledModel(name: string, input: TensorSpec): Promise<BundledModel> {
  const read = (file: string) => readFile(projectFile('models', name, file));
  const document = readYaml(await readFile(projectFile('models', name, 'model.yaml'), 'utf8'));
  const { preprocess } = pipelineSchema.parse((document as { pipeline: unknown }).pipeline);
  const files = { 'ngrams.json': name === 'lande' ? await read('ngrams.json') : '' };
  const steps = await buildSteps(preprocess, { inputs: [input], files });
  const session = await InferenceSession.create(projectFile('models', name, '1', 'model.onnx'));
  const rows = JSON.parse((await read('labels.json')).toString()) as (string | LabelRow)[];
  return {
    labels: rows.map((row) => (typeof row === 'string' ? { label: row } : row)),
    ask: async (item) => {
      let value = item;
      for (const step of steps) {
        const result = await step.run(value);
        if (result instanceof Answer) return result;
        value = result;
      }
      return runAlone(session, value as Tensor);
    },
    release: () => session.release(),
  };
}

async function runAlone(session: InferenceSession, { datatype, shape, data }: Tensor): Promise<ArrayLike<number>> {
  const [input, output] = [session.inputNames[0], session.outputNames[0]];
  assert.ok(input !== undefined && output !== undefined);
  const batch =
    datatype === 'INT32'
      ? new OnnxTensor('int32', data as Int32Array, [1, ...shape])
      : new OnnxTensor('float32', data as Float32Array, [1, ...shape]);
  return (await session.run({ [input]: batch }))[output]?.data as Float32Array;
}
