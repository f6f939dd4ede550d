import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** What can be told of a version without reading its files. */
export interface VersionMeasures {
  /** Of the model file with its data. */
  readonly bytes: number;
  /** Sizes, times of change and inodes of all files that the version is made of. */
  readonly stamp: string;
}

/**
 * Looks at the files of a version: those in its own folder, and those right in the model's folder, such as labels,
 * which belong to every version. model.yaml is not among them: what it says is compared by what it means.
 *
 * @param path of the model file
 * @param modelFolder of the model; undefined for a model that is a file by itself
 */
export async function measureVersion(path: string, modelFolder: string | undefined): Promise<VersionMeasures> {
  const own = modelFolder === undefined ? [path] : await filesIn(dirname(path), { recursive: true });
  const isNested = modelFolder !== undefined && modelFolder !== dirname(path);
  const shared = isNested ? await filesIn(modelFolder, { recursive: false }) : [];
  let bytes = 0;
  const lines: string[] = [];
  for (const file of [...own, ...shared].sort()) {
    const status = await stat(file).catch(() => undefined);
    if (status === undefined || file === join(modelFolder ?? '', 'model.yaml')) continue;
    if (own.includes(file)) bytes += status.size;
    lines.push(stampLine(file, status));
  }
  return { bytes, stamp: lines.join('\n') };
}

/** Another text when a file has changed, as far as that can be seen without reading it. */
export function stampLine(
  file: string,
  { size, mtimeMs, ino }: { size: number; mtimeMs: number; ino: number },
): string {
  return `${file} ${size} ${mtimeMs} ${ino}`;
}

/** The files in a folder, links to files among them; none if it is not there. */
export async function filesIn(folder: string, { recursive }: { recursive: boolean }): Promise<string[]> {
  const entries: Dirent[] = await readdir(folder, { recursive, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
}
