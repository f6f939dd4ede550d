import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** What lies in a model repository, by path with `/`: `'affine/1/model.onnx'`; text is written as UTF-8. */
export type FolderContents = Readonly<Record<string, Uint8Array | string>>;

/** A model repository in the system's temporary folder. */
export interface ModelFolder {
  /** Absolute path, without symbolic links. */
  readonly dir: string;
  /** Adds files, or replaces them. */
  write(contents: FolderContents): Promise<void>;
  /** Takes away a file, or a folder with all that is in it. */
  take(path: string): Promise<void>;
  /** Removes the whole folder; for the test's `after`. */
  remove(): Promise<void>;
}

/** Makes a folder with these files. It lies there until `remove` is called. */
export async function createModelFolder(contents: FolderContents = {}): Promise<ModelFolder> {
  // Temporary folders are links on some systems; what the server reports is compared with real paths.
  const dir = await mkdtemp(join(await realpath(tmpdir()), 'millrace-models-'));
  const folder: ModelFolder = {
    dir,
    async write(files) {
      for (const [path, content] of Object.entries(files)) {
        const file = join(dir, path);
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, content);
      }
    },
    take: (path) => rm(join(dir, path), { recursive: true }),
    // A model file may be held for a moment by a session that is being released.
    remove: () => rm(dir, { recursive: true, force: true, maxRetries: 5 }),
  };
  await folder.write(contents);
  return folder;
}
