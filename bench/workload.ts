import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { mlp } from '../test/support/load-models.js';
import { itemShapes, itemsOf, MLP_DIMS, nested, type WorkloadName } from './items.js';

/** The outputs for one item, by name. */
export type Outputs = Readonly<Record<string, readonly number[]>>;

/** A model, what the clients send to it, and what it must answer. */
export interface Workload {
  readonly name: WorkloadName;
  /** A model repository that holds this model alone. */
  readonly repository: string;
  readonly modelPath: string;
  /** The bodies of the requests, one for each item; the same for every subject. */
  readonly bodies: readonly string[];
  /** The bodies again, as the files 0, 1, … for a load generator. */
  readonly bodiesDir: string;
  /** What onnxruntime itself gives for each item alone. */
  readonly expected: readonly Outputs[];
}

/** Answers may differ by so much: kernels add up in another order when rows come together. */
export const TOLERANCE = 1e-4;

/** Models that come with the project; here without what stands beside them, so that they take and give tensors. */
const bundled = fileURLToPath(new URL('../../models', import.meta.url));

/** Lays a workload's files out under `dir`. */
export async function prepareWorkload(name: WorkloadName, dir: string): Promise<Workload> {
  const repository = join(dir, name, 'models');
  const modelPath = join(repository, name, '1', 'model.onnx');
  const bodiesDir = join(dir, name, 'bodies');
  await mkdir(join(modelPath, '..'), { recursive: true });
  await mkdir(bodiesDir);
  if (name === 'mlp') await writeFile(modelPath, mlp(MLP_DIMS));
  else await copyFile(join(bundled, name, '1', 'model.onnx'), modelPath);
  const shape = itemShapes[name];
  const bodies = itemsOf(name).map((item) => JSON.stringify({ model: name, input: nested(item, shape) }));
  for (const [index, body] of bodies.entries()) await writeFile(join(bodiesDir, String(index)), body);
  const expected = await outputsOf(modelPath, itemsOf(name), shape);
  refuseLikeness(name, expected);
  return { name, repository, modelPath, bodies, bodiesDir, expected };
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

async function outputsOf(
  modelPath: string,
  items: readonly (readonly number[])[],
  shape: readonly number[],
): Promise<Outputs[]> {
  const session = await InferenceSession.create(modelPath, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const all: Outputs[] = [];
  for (const item of items) {
    const input = new Tensor('float32', Float32Array.from(item), [1, ...shape]);
    const results = await session.run({ [session.inputNames[0] as string]: input });
    all.push(
      Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, Array.from(data as Float32Array)])),
    );
  }
  await session.release();
  return all;
}

/** An answer that went to the wrong request must not pass for a right one. */
function refuseLikeness(name: WorkloadName, expected: readonly Outputs[]): void {
  for (const [index, outputs] of expected.entries()) {
    if (expected.slice(0, index).some((earlier) => isClose(outputs, earlier))) {
      throw new Error(`${name}: item ${index} has the same answer as one before it, so they cannot be told apart`);
    }
  }
}
