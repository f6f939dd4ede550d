import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PeerName } from './peer-table.js';
import { runProcess } from './processes.js';

/** The servers' own files. */
export const peerFolder = fileURLToPath(new URL('../../bench/peers', import.meta.url));

const root = fileURLToPath(new URL('../..', import.meta.url));
const INSTALL_LIMIT_MS = 600_000;

/**
 * Makes a virtual environment with what a Python server needs, unless it is there already: in PEERS_DIR, else in
 * .peers. Takes the first `python3` of the path, or PYTHON.
 *
 * @returns the path of its Python
 * @throws Error with pip's output if something cannot be installed
 */
export async function installPeer(name: PeerName): Promise<string> {
  const dir = join(process.env['PEERS_DIR'] ?? join(root, '.peers'), name);
  const python = join(dir, 'bin', 'python');
  const requirements = join(peerFolder, name, 'requirements.txt');
  const wanted = await readFile(requirements, 'utf8');
  const stamp = join(dir, 'installed.txt');
  if ((await readFile(stamp, 'utf8').catch(() => undefined)) === wanted) return python;
  console.error(`bench: installing ${name}`);
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir, { recursive: true });
  const options = { cwd: dir, limitMs: INSTALL_LIMIT_MS };
  await runProcess(process.env['PYTHON'] ?? 'python3', ['-m', 'venv', dir], options);
  await runProcess(python, ['-m', 'pip', 'install', '--quiet', '--requirement', requirements], options);
  await writeFile(stamp, wanted);
  return python;
}
