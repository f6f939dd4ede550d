import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';

/** Files in the folder of one version that are looked at, at most: external data comes in a handful of files. */
const MAX_FILES = 1_000;

/**
 * Says why a model file must not be handed to the runtime, or nothing if it may. A model may name other files to
 * read its weights from, so all that lies beside it in its own folder is looked at: nothing may point out of the
 * repository. ONNX Runtime follows links no further than the model's folder, but cannot see a hard link.
 *
 * @param root the model repository, with links resolved
 * @param wholeFolder whether the folder holds this model alone; if not, its data may be any file of the repository
 */
export async function modelFileProblem(
  root: string,
  path: string,
  { maxBytes, wholeFolder }: { maxBytes: number; wholeFolder: boolean },
): Promise<string | undefined> {
  const folder = dirname(path);
  const files = (await filesBelow(folder)).filter((file) => wholeFolder || file === path || !isHidden(folder, file));
  if (wholeFolder && files.length > MAX_FILES) return `its folder holds more than ${MAX_FILES} files`;
  let bytes = 0;
  for (const file of files) {
    const problem = await fileProblem(root, file);
    if (problem !== undefined) return `${file.slice(dirname(path).length + 1)}: ${problem}`;
    if (wholeFolder || file === path) bytes += (await stat(file)).size;
  }
  return bytes > maxBytes ? `it takes ${bytes} bytes with its data; at most ${maxBytes} are allowed` : undefined;
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
}

function isHidden(folder: string, file: string): boolean {
  return file.slice(folder.length).includes(`${sep}.`);
}

/**
 * Says why a file of the repository must not be read, or nothing if it may.
 *
 * @param root the model repository, with links resolved
 */
export async function fileProblem(root: string, file: string): Promise<string | undefined> {
  const target = await realpath(file).catch(() => undefined);
  if (target === undefined) return 'it is a link that leads nowhere';
  if (!target.startsWith(root + sep)) return 'it is a link to a file outside the model folder';
  const { nlink } = await lstat(target);
  const status = await stat(target);
  if (status.isDirectory()) return undefined;
  if (!status.isFile()) return 'it is not a regular file';
  return nlink === 1 ? undefined : `it has ${nlink} hard links; copy the file instead`;
}
