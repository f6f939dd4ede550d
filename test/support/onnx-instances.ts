import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Instance, InstanceSpec, StartOptions } from '#src/runtime/backend.js';
import { OnnxBackend } from '#src/runtime/onnx-backend.js';
import { type Isolation, sessionSchema } from '#src/runtime/runtime-config.js';
import { createModelFolder, type FolderContents } from './model-folder.js';

/** Where instances can live; what holds for one must hold for the other. */
export const isolations: readonly Isolation[] = ['thread', 'process'];

/** Of somebody who waits for as long as it takes, and does not listen. */
export const patientStart: StartOptions = { signal: new AbortController().signal, said: () => undefined };

/** What an instance on the CPU is made from, with the session options that model.yaml has by default. */
export function cpuSpec(modelPath: string, session: object = {}, isolation: Isolation = 'thread'): InstanceSpec {
  return {
    name: 'test/1#0',
    modelPath,
    providers: [{ name: 'cpu', options: {} }],
    session: sessionSchema.parse(session),
    isolation,
    memoryBytes: undefined,
  };
}

/** How a test wants its instance: options of the session, where it lives, what else is in its spec. */
export interface InstanceWish extends Partial<Omit<InstanceSpec, 'session'>> {
  readonly session?: object;
}

/**
 * Loads a model from a folder of its own into an instance, until the test is over.
 *
 * @param model its file, or a whole folder with `model.onnx` in it
 */
export async function loadInstance(
  t: TestContext,
  model: Uint8Array | FolderContents,
  { session = {}, ...wish }: InstanceWish = {},
): Promise<Instance> {
  const contents = model instanceof Uint8Array ? { 'model.onnx': model } : model;
  const folder = await createModelFolder(contents);
  t.after(() => folder.remove());
  const spec = { ...cpuSpec(join(folder.dir, 'model.onnx'), session), ...wish };
  const instance = await new OnnxBackend().start(spec, patientStart);
  t.after(() => endInstance(instance));
  return instance;
}

/** Ends an instance and waits until its end is known. */
export async function endInstance(instance: Instance): Promise<void> {
  instance.destroy('the test is over');
  await instance.ended;
}
