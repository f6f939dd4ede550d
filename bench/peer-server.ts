import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AppOptions } from './express-app.js';
import { peerFolder } from './peer-environment.js';
import { type PeerName, peers } from './peer-table.js';
import { type Family, startFamily } from './process-family.js';
import { type BatchCounts, type Subject, served } from './served.js';
import type { Workload } from './workload.js';

const expressScript = fileURLToPath(new URL('./express-app.js', import.meta.url));
/** One that is just starting may take a connection and be silent. */
const FIRST_ANSWER_LIMIT_MS = 5_000;

/**
 * Starts another server and waits until it can answer.
 *
 * @param python its environment's; undefined for what runs here
 * @throws Error with the server's output if it does not start
 */
export async function startPeer(
  name: PeerName,
  workload: Workload,
  python: string | undefined,
): Promise<Subject<PeerName>> {
  const { path, form } = peers[name];
  const [port = 0, ...ports] = await freePorts(3);
  const url = `http://127.0.0.1:${port}`;
  const folder = await mkdtemp(join(workload.repository, '..', `${name}-`));
  const family = launch(name, workload, { python, port, ports, folder });
  const [body = ''] = workload.bodies[form].texts;
  const server = await served(name, family, async () => ((await answers(url + path, body)) ? url : undefined));
  return {
    name,
    ...server,
    path,
    form,
    runs: name === 'express' ? 'singly' : () => countsIn(folder),
    memoryBytes: family.memoryBytes,
  };
}

interface Place {
  readonly python: string | undefined;
  readonly port: number;
  readonly ports: readonly number[];
  readonly folder: string;
}

function launch(name: PeerName, { name: model, modelPath }: Workload, { python, ...place }: Place): Family {
  const settings = peers[name].settings(model);
  const onLeftOver = (count: number) => {
    console.error(`bench: ${name} left ${count} processes behind, which were ended`);
  };
  if (python === undefined) {
    const { port } = place;
    const options: AppOptions = { kind: 'handler', fast: false, modelPath, port, processes: settings.workers };
    return startFamily(process.execPath, [expressScript, JSON.stringify(options)], { cwd: '.', onLeftOver });
  }
  const env = {
    PEER: JSON.stringify({ model: modelPath, ...place, ...settings }),
    PYTHONPATH: [peerFolder, join(peerFolder, name)].join(delimiter),
    // Beside the sources they would be taken for a change of these.
    PYTHONDONTWRITEBYTECODE: '1',
    // Numpy has nothing to compute here, and its threads would only be in the way.
    OMP_NUM_THREADS: '1',
    OPENBLAS_NUM_THREADS: '1',
  };
  return startFamily(python, [join(peerFolder, name, 'start.py')], { cwd: place.folder, env, onLeftOver });
}

/** Several at once, so that they differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.once('listening', resolve))));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

async function answers(url: string, body: string): Promise<boolean> {
  const headers = { 'content-type': 'application/json' };
  const signal = AbortSignal.timeout(FIRST_ANSWER_LIMIT_MS);
  try {
    const response = await fetch(url, { method: 'POST', headers, body, signal });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    // Nobody listens yet.
    return false;
  }
}

/** The sum of what each session has written, as bench/peers/runner.py does. */
async function countsIn(folder: string): Promise<BatchCounts> {
  const counts = { rows: 0, batches: 0 };
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.counts')) continue;
    const bytes = await readFile(join(folder, name));
    counts.rows += Number(bytes.readBigInt64LE(0));
    counts.batches += Number(bytes.readBigInt64LE(8));
  }
  return counts;
}
