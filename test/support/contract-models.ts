import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { datatypes } from '#src/tensor/datatype.js';
import { affine, gatherTable, identity, nanForNegative, sharedInput } from './fixture-models.js';
import { heavy } from './load-models.js';
import type { FolderContents } from './model-folder.js';
import type { WriterDatatype } from './onnx-writer.js';

/** One identity model for each datatype, `id_fp32` and so on, on [N, size]; with `id_bf16`, which cannot be served. */
export function identities(): FolderContents {
  const all = [...Object.keys(datatypes), 'BF16'] as WriterDatatype[];
  return Object.fromEntries(
    all.map((datatype) => [`id_${datatype.toLowerCase()}/1/model.onnx`, identity(datatype, ['N', 'size'])]),
  );
}

/** What the clients of other servers are tried on. */
export async function contractModels(): Promise<FolderContents> {
  return {
    ...identities(),
    'affine/1/model.onnx': affine(),
    'nan/1/model.onnx': nanForNegative(),
    'shared/1/model.onnx': sharedInput(),
    'table/1/model.onnx': gatherTable(),
    'slow/1/model.onnx': heavy(2048),
    'slow/model.yaml': 'batching: { max_batch_size: 1 }\ninstances: { count: 1 }\nwarmup: { enabled: false }\n',
    ...(await bundled('penguins')),
    ...(await bundled('magika')),
  };
}

async function bundled(name: string): Promise<FolderContents> {
  const dir = join(fileURLToPath(new URL('..', import.meta.resolve('#src/main.js'))), 'models', name);
  const files = await readdir(dir, { recursive: true, withFileTypes: true });
  const contents: Record<string, Uint8Array> = {};
  for (const file of files) {
    if (!file.isFile()) continue;
    const path = join(file.parentPath, file.name);
    contents[`${name}${path.slice(dir.length).replaceAll('\\', '/')}`] = await readFile(path);
  }
  return contents;
}
