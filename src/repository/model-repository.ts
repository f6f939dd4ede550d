import { lstat, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { MillraceError, reasonOf, withoutPaths } from '../core/errors.js';
import { MAX_YAML_BYTES, readYaml } from '../core/yaml-document.js';
import { fileProblem, modelFileProblem } from './model-file.js';
import { ModelFiles } from './model-files.js';
import { measureVersion } from './version-measures.js';

/** Model names: no separator, no leading dot, so that a name is never a path. */
const MODEL_NAME = /^[A-Za-z0-9][\w.-]{0,127}$/;
const VERSION_NAME = /^[1-9]\d*$/;
const ONNX_SUFFIX = '.onnx';

/** One version as it lies in the folder; `problem` says why it cannot be served. */
export interface RepositoryVersion {
  readonly version: string;
  readonly path: string;
  /** What lies beside it. */
  readonly files: ModelFiles;
  /** Of the model file with its data. */
  readonly bytes: number;
  /** Another one when a file that the version is made of has changed. Its model.yaml does not count. */
  readonly stamp: string;
  readonly problem?: string;
}

/** One model as it lies in the folder. `config` is the raw content of its model.yaml, not yet checked. */
export interface RepositoryModel {
  readonly name: string;
  /** How messages call the model's configuration, such as `penguins/model.yaml`. */
  readonly configFile: string;
  readonly config: unknown;
  readonly versions: readonly RepositoryVersion[];
  readonly problem?: string;
}

/**
 * Reads a model repository: `<name>/<version>/model.onnx` with an optional `<name>/model.yaml`, `<name>/model.onnx`,
 * or `<name>.onnx`; the latter two are version 1. What is wrong with one model is told in its entry and keeps no
 * other from being served.
 *
 * @throws MillraceError INVALID_REQUEST if the folder itself cannot be read
 */
export async function scanRepository(folder: string, maxModelBytes: number): Promise<RepositoryModel[]> {
  const { root, entries } = await listRepository(folder);
  const models: RepositoryModel[] = [];
  for (const entry of entries) {
    const model = await readEntry({ root, entry, siblings: entries, maxModelBytes });
    if (model !== undefined) models.push(model);
  }
  return models;
}

/**
 * Reads one model of a repository again. The name is compared with those that lie there, and is never made a path.
 *
 * @returns undefined if there is no model of this name
 * @throws MillraceError INVALID_REQUEST if the folder itself cannot be read
 */
export async function scanModel(
  folder: string,
  name: string,
  maxModelBytes: number,
): Promise<RepositoryModel | undefined> {
  const { root, entries } = await listRepository(folder);
  for (const entry of entries.filter((each) => each === name || each === name + ONNX_SUFFIX)) {
    const model = await readEntry({ root, entry, siblings: entries, maxModelBytes });
    if (model?.name === name) return model;
  }
  return undefined;
}

/**
 * The model repository with links resolved, and what lies right in it, in order.
 *
 * @throws MillraceError INVALID_REQUEST if the folder cannot be read
 */
export async function listRepository(folder: string): Promise<{ root: string; entries: string[] }> {
  const root = await realpath(folder).catch(() => undefined);
  if (root === undefined || !(await stat(root)).isDirectory()) {
    const fault =
      root === undefined
        ? 'is not there; make it, or name another'
        : 'is no folder; name the one that holds the models';
    throw new MillraceError('INVALID_REQUEST', `The model folder ${folder} ${fault} (serve takes --models DIR).`, {
      path: 'models',
      expected: 'a folder with models in it',
      got: folder,
    });
  }
  return { root, entries: (await readdir(root)).filter((entry) => !entry.startsWith('.')).sort() };
}

/** Whether a model may be called so. */
export function isModelName(name: string): boolean {
  return MODEL_NAME.test(name);
}

/** What the model is called that an entry of the repository would be. */
export function modelNameOf(entry: string): string {
  return entry.endsWith(ONNX_SUFFIX) ? entry.slice(0, -ONNX_SUFFIX.length) : entry;
}

interface EntryContext {
  readonly root: string;
  readonly entry: string;
  readonly siblings: readonly string[];
  readonly maxModelBytes: number;
}

async function readEntry(context: EntryContext): Promise<RepositoryModel | undefined> {
  const { root, entry, siblings } = context;
  const path = join(root, entry);
  const isFolder = await isDirectory(path);
  const name = isFolder ? entry : modelNameOf(entry);
  if (!isFolder && !entry.endsWith(ONNX_SUFFIX)) return undefined;
  const base = { name, configFile: `${name}/model.yaml`, config: {} as unknown, versions: [] };
  if (!isModelName(name))
    return { ...base, problem: `the name ${JSON.stringify(name)} does not match ${MODEL_NAME.source}` };
  if (!isFolder) {
    // The folder's own entry tells of the clash.
    if (siblings.includes(name) && (await isDirectory(join(root, name)))) return undefined;
    return { ...base, versions: [await versionAt(context, '1', path, false)] };
  }
  if (siblings.includes(name + ONNX_SUFFIX))
    return { ...base, problem: `both ${name}/ and ${name}${ONNX_SUFFIX} are there; keep one` };
  try {
    return { ...base, ...(await readModelFolder(context, path)) };
  } catch (error) {
    return { ...base, problem: withoutPaths(reasonOf(error)) };
  }
}

async function isDirectory(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

async function readModelFolder(context: EntryContext, folder: string): Promise<Partial<RepositoryModel>> {
  const files = await readdir(folder);
  const numbered = files.filter((file) => VERSION_NAME.test(file));
  const isFlat = files.includes('model.onnx');
  const config = files.includes('model.yaml') ? await readConfig(context, join(folder, 'model.yaml')) : {};
  if (isFlat && numbered.length > 0) {
    return { config, problem: `it holds model.onnx and version folders (${numbered.join(', ')}); keep one of the two` };
  }
  if (isFlat) return { config, versions: [await versionAt(context, '1', join(folder, 'model.onnx'), true)] };
  if (numbered.length === 0)
    return { config, problem: 'it holds neither model.onnx nor a version folder such as 1/model.onnx' };
  const versions = numbered.map((version) => versionAt(context, version, join(folder, version, 'model.onnx'), true));
  return { config, versions: await Promise.all(versions) };
}

async function readConfig({ root, entry }: EntryContext, path: string): Promise<unknown> {
  try {
    // Before it is opened: what is no regular file may never come to an end.
    const problem = await fileProblem(root, path);
    if (problem !== undefined) throw new Error(problem);
    if ((await stat(path)).size > MAX_YAML_BYTES) throw new Error(`the file is larger than ${MAX_YAML_BYTES} bytes`);
    return readYaml(await readFile(path, 'utf8'));
  } catch (error) {
    throw new Error(`${entry}/model.yaml: ${withoutPaths(reasonOf(error))}`, { cause: error });
  }
}

async function versionAt(
  { root, entry, maxModelBytes }: EntryContext,
  version: string,
  path: string,
  wholeFolder: boolean,
): Promise<RepositoryVersion> {
  const files = new ModelFiles(root, wholeFolder ? [...new Set([dirname(path), join(root, entry)])] : []);
  if ((await lstat(path).catch(() => undefined)) === undefined)
    return { version, path, files, bytes: 0, stamp: '', problem: 'model.onnx is missing' };
  const problem = await modelFileProblem(root, path, { maxBytes: maxModelBytes, wholeFolder });
  const measures = await measureVersion(path, wholeFolder ? join(root, entry) : undefined);
  return { version, path, files, ...measures, ...(problem === undefined ? {} : { problem }) };
}
