import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { MillraceError, reasonOf, withoutPaths } from '../core/errors.js';
import { isModelName, type RepositoryModel, scanModel } from '../repository/model-repository.js';
import { configFromTriton } from './triton-config.js';

/** A file of a model's folder: right in it, or in the folder of a version. Nothing else can be said, so nothing escapes. */
const FILE_PATH = /^(?:[1-9]\d{0,18}\/)?[A-Za-z0-9][\w.-]{0,127}$/;
const MAX_FILES = 100;
/** How the folder of what was sent is called; never as a request says. */
const FOLDER = 'model';

/** What a load may bring instead of what lies in the folder. */
export interface LoadOverride {
  /** Instead of model.yaml: its keys as JSON, or those of Triton's model configuration. */
  readonly config?: string;
  /** Instead of all files of the model, by their paths in its folder, such as `1/model.onnx`. */
  readonly files?: ReadonlyMap<string, Uint8Array>;
}

/** An override that can be loaded. */
export interface OpenOverride {
  readonly model: RepositoryModel;
  /** Takes its files away. Never rejects. */
  remove(): Promise<void>;
}

export interface OverrideRequest {
  readonly name: string;
  /** What lies in the folder; undefined if nothing does. */
  readonly found: RepositoryModel | undefined;
  readonly override: LoadOverride;
  readonly maxModelBytes: number;
}

export function isEmptyOverride({ config, files }: LoadOverride): boolean {
  return config === undefined && (files === undefined || files.size === 0);
}

/**
 * Reads the parameters of Triton's load: `config`, a JSON text, and `file:<path>`, base64.
 *
 * @throws MillraceError INVALID_REQUEST
 */
export function overrideFrom(parameters: Readonly<Record<string, unknown>>): LoadOverride {
  const files = new Map<string, Uint8Array>();
  let config: string | undefined;
  for (const [name, value] of Object.entries(parameters)) {
    if (typeof value !== 'string') throw wrong(name, 'a text', typeof value);
    if (name === 'config') config = value;
    else if (name.startsWith('file:')) files.set(name.slice('file:'.length), fromBase64(name, value));
    else throw wrong(name, 'config or file:<path>', 'another name');
  }
  return { ...(config !== undefined && { config }), files };
}

/**
 * Makes a model of what a load brings. Files that came are written into a folder of their own, away from the
 * repository, and then looked at like any other model.
 *
 * @throws MillraceError INVALID_REQUEST if it can't be used; LOAD_FAILED if the files can't be written
 */
export async function openOverride({ name, found, override, maxModelBytes }: OverrideRequest): Promise<OpenOverride> {
  const { config: text, files = new Map<string, Uint8Array>() } = override;
  if (text === undefined) throw wrong('config', 'a configuration beside the files', 'none');
  const config = configFromTriton(text, name);
  const own = { name, config, configFile: 'parameters.config' };
  if (files.size === 0) {
    if (found === undefined) throw wrong('config', 'files too, for a model that is not in the folder', 'none');
    return { model: { ...found, ...own }, remove: async () => undefined };
  }
  if (!isModelName(name)) throw new MillraceError('INVALID_REQUEST', 'This is no name for a model.', { path: 'model' });
  checkFiles(files, maxModelBytes);
  const root = await writeFiles(files);
  const remove = () => rm(root, { recursive: true, force: true }).catch(() => undefined);
  const model = await scanModel(root, FOLDER, maxModelBytes);
  if (model === undefined) {
    await remove();
    throw new MillraceError('LOAD_FAILED', 'The files that came could not be read back.');
  }
  return { model: { ...model, ...own }, remove };
}

/** @throws MillraceError INVALID_REQUEST */
function checkFiles(files: ReadonlyMap<string, Uint8Array>, maxBytes: number): void {
  if (files.size > MAX_FILES) throw wrong('file:', `at most ${MAX_FILES} files`, `${files.size}`);
  let bytes = 0;
  for (const [path, content] of files) {
    if (!FILE_PATH.test(path))
      throw wrong(`file:${path}`, 'a file of the model, such as file:1/model.onnx', 'another path');
    if (path === 'model.yaml') throw wrong(`file:${path}`, 'the configuration as config', 'model.yaml');
    bytes += content.byteLength;
  }
  if (bytes > maxBytes) throw wrong('file:', `at most ${maxBytes} bytes in all`, `${bytes} bytes`);
}

/** @throws MillraceError LOAD_FAILED */
async function writeFiles(files: ReadonlyMap<string, Uint8Array>): Promise<string> {
  let root: string | undefined;
  try {
    root = await mkdtemp(join(tmpdir(), 'millrace-load-'));
    for (const [path, content] of files) {
      const file = join(root, FOLDER, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content, { mode: 0o600 });
    }
    return root;
  } catch (error) {
    if (root !== undefined) await rm(root, { recursive: true, force: true });
    const text = `The files that came could not be kept in the folder for temporary files: ${withoutPaths(reasonOf(error))}`;
    throw new MillraceError('LOAD_FAILED', text, { cause: error });
  }
}

function fromBase64(name: string, text: string): Uint8Array {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw wrong(name, 'base64', 'something else');
  return Buffer.from(text, 'base64');
}

function wrong(parameter: string, expected: string, got: string): MillraceError {
  const path = `parameters.${parameter.slice(0, 160)}`;
  return new MillraceError('INVALID_REQUEST', `${path}: expected ${expected}; got ${got}.`, { path, expected, got });
}
