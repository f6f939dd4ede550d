import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { InstanceSpec } from '#src/runtime/backend.js';
import { sessionSchema } from '#src/runtime/runtime-config.js';
import { WorkerInstance } from '#src/runtime/worker-instance.js';
import { createModelFolder, type FolderContents } from './model-folder.js';

/** What an instance on the CPU is made from, with the session options that model.yaml has by default. */
export function cpuSpec(modelPath: string, session: object = {}): InstanceSpec {
  const providers = [{ name: 'cpu', options: {} }] as const;
  return { name: 'test/1#0', modelPath, providers, session: sessionSchema.parse(session) };
}

/**
 * Loads a model from a folder of its own into a worker thread, until the test is over.
 *
 * @param model its file, or a whole folder with `model.onnx` in it
 */
export async function loadInstance(t: TestContext, model: Uint8Array | FolderContents, session: object = {}) {
  const contents = model instanceof Uint8Array ? { 'model.onnx': model } : model;
  const folder = await createModelFolder(contents);
  t.after(() => folder.remove());
  const instance = await WorkerInstance.start(cpuSpec(join(folder.dir, 'model.onnx'), session));
  t.after(() => endInstance(instance));
  return instance;
}

/** Ends an instance and waits until its thread is gone. */
export async function endInstance(instance: WorkerInstance): Promise<void> {
  instance.destroy('the test is over');
  await instance.ended;
}
