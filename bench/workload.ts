import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { mlp } from '../test/support/load-models.js';
import { itemShapes, itemsOf, MLP_DIMS, type WorkloadName } from './items.js';
import { type FormName, formNames, type Outputs, requestForms } from './request-form.js';

/** A model, what the clients send to it, and what it must answer. */
export interface Workload {
  readonly name: WorkloadName;
  /** A model repository that holds this model alone. */
  readonly repository: string;
  readonly modelPath: string;
  /** The requests, in every form that a server may want. */
  readonly bodies: Readonly<Record<FormName, Bodies>>;
  readonly outputName: string;
  /** What onnxruntime itself gives for each item alone. */
  readonly expected: readonly Outputs[];
}

/** The bodies of the requests, one for each item. */
export interface Bodies {
  readonly texts: readonly string[];
  /** The same as the files 0, 1, … for a load generator. */
  readonly dir: string;
}

/** Answers may differ by so much: kernels add up in another order when rows come together. */
export const TOLERANCE = 1e-4;

/** Models that come with the project; here without what stands beside them, so that they take and give tensors. */
const bundled = fileURLToPath(new URL('../../models', import.meta.url));

/** Lays a workload's files out under `dir`. */
export async function prepareWorkload(name: WorkloadName, dir: string): Promise<Workload> {
  const repository = join(dir, name, 'models');
  const modelPath = join(repository, name, '1', 'model.onnx');
  await mkdir(join(modelPath, '..'), { recursive: true });
  if (name === 'mlp') await writeFile(modelPath, mlp(MLP_DIMS));
  else await copyFile(join(bundled, name, '1', 'model.onnx'), modelPath);
  const shape = itemShapes[name];
  const { inputName, outputName, expected } = await answersOf(modelPath, itemsOf(name), shape);
  refuseLikeness(name, expected);
  const questions = itemsOf(name).map((numbers) => ({ model: name, inputName, outputName, shape, numbers }));
  const bodies = await Promise.all(
    formNames.map(async (form): Promise<[FormName, Bodies]> => {
      const folder = join(dir, name, form);
      const texts = questions.map((question) => JSON.stringify(requestForms[form].body(question)));
      await mkdir(folder);
      for (const [index, text] of texts.entries()) await writeFile(join(folder, String(index)), text);
      return [form, { texts, dir: folder }];
    }),
  );
  const inEachForm = Object.fromEntries(bodies) as Record<FormName, Bodies>;
  return { name, repository, modelPath, bodies: inEachForm, outputName, expected };
}

/** Whether an answer is right within the tolerance, relative to numbers beyond 1. */
export function isClose(got: unknown, expected: Outputs): boolean {
  if (typeof got !== 'object' || got === null) return false;
  const outputs = got as Record<string, unknown>;
  return Object.entries(expected).every(([name, numbers]) => {
    const values = outputs[name];
    if (!Array.isArray(values) || values.length !== numbers.length) return false;
    return numbers.every((number, index) => {
      const value: unknown = values[index];
      return typeof value === 'number' && Math.abs(value - number) <= TOLERANCE * Math.max(1, Math.abs(number));
    });
  });
}

async function answersOf(modelPath: string, items: readonly (readonly number[])[], shape: readonly number[]) {
  const session = await InferenceSession.create(modelPath, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const [[inputName], [outputName]] = [session.inputNames, session.outputNames] as [[string], [string]];
  const expected: Outputs[] = [];
  for (const item of items) {
    const input = new Tensor('float32', Float32Array.from(item), [1, ...shape]);
    const results = await session.run({ [inputName]: input });
    expected.push(
      Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, Array.from(data as Float32Array)])),
    );
  }
  await session.release();
  return { inputName, outputName, expected };
}

/** An answer that went to the wrong request must not pass for a right one. */
function refuseLikeness(name: WorkloadName, expected: readonly Outputs[]): void {
  for (const [index, outputs] of expected.entries()) {
    if (expected.slice(0, index).some((earlier) => isClose(outputs, earlier))) {
      throw new Error(`${name}: item ${index} has the same answer as one before it, so they cannot be told apart`);
    }
  }
}
