import { lstat, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fileProblem } from './model-file.js';

/** Labels, vocabularies, own steps; weights are not read by way of this. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;
const FILE_NAME = /^[A-Za-z0-9][\w.-]{0,127}$/;

/**
 * The files beside a model that its model.yaml may name. One in the folder of a version goes before one of the same
 * name in the model's own folder.
 */
export class ModelFiles {
  readonly #root: string;
  readonly #folders: readonly string[];

  /**
   * @param root the model repository, with links resolved
   * @param folders where files are looked for, in this order; none for a model without a folder
   */
  constructor(root: string, folders: readonly string[]) {
    this.#root = root;
    this.#folders = folders;
  }

  /** @throws Error with a reason for the operator */
  async read(name: string): Promise<Uint8Array> {
    const path = await this.#find(name);
    const { size } = await stat(path);
    if (size > MAX_FILE_BYTES) throw new Error(`${name}: it is larger than ${MAX_FILE_BYTES} bytes`);
    return readFile(path);
  }

  /**
   * The URL of a module, another one after each change of the file: the engine loads a URL once.
   *
   * @throws Error with a reason for the operator
   */
  async moduleUrl(name: string): Promise<string> {
    const path = await this.#find(name);
    const url = pathToFileURL(path);
    url.searchParams.set('changed', String((await stat(path)).mtimeMs));
    return url.href;
  }

  async #find(name: string): Promise<string> {
    // A leading ./ is how people write that a file lies here.
    const plain = name.replace(/^\.\//, '');
    if (!FILE_NAME.test(plain))
      throw new Error(`${name}: expected the name of a file beside the model, without folders`);
    for (const folder of this.#folders) {
      const path = join(folder, plain);
      if ((await lstat(path).catch(() => undefined)) === undefined) continue;
      const problem = await fileProblem(this.#root, path);
      if (problem !== undefined) throw new Error(`${name}: ${problem}`);
      if (!(await stat(path)).isFile()) throw new Error(`${name}: it is no file`);
      return path;
    }
    throw new Error(`${name}: there is no such file beside the model`);
  }
}
