/*
 * `npm run bench`: millrace under load beside what people would write by hand, and beside other servers. Figures go to
 * standard output, progress to standard error. A target that is missed is printed, and is no error; a wrong answer, a
 * refused or a lost request is.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { benchBaselines } from './baselines.js';
import { benchCodec } from './codec.js';
import { benchMedia } from './media.js';
import { type BenchOptions, readOptions, usage } from './options.js';
import { benchPeers } from './peers.js';
import { benchPoison } from './poison.js';
import { killFamilies } from './process-family.js';
import { killChildren } from './processes.js';
import { benchProfile } from './profile.js';
import { benchRefusal } from './refusal.js';
import { benchTransport } from './transport.js';
import { benchV2 } from './v2.js';

const EXIT_USAGE = 2;

const benches = {
  models: benchBaselines,
  media: benchMedia,
  peers: benchPeers,
  poison: benchPoison,
  profile: benchProfile,
  transport: benchTransport,
  v2: benchV2,
} as const;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  if (args.length === 1 && args[0] === 'codec') {
    benchCodec();
    return 0;
  }
  if (args.length === 1 && args[0] === 'refusal') {
    await benchRefusal();
    return 0;
  }
  let options: BenchOptions | undefined;
  try {
    options = readOptions(args);
  } catch (error) {
    console.error(`bench: ${(error as Error).message}\n\n${usage}`);
    return EXIT_USAGE;
  }
  if (options === undefined) {
    console.log(usage);
    return 0;
  }
  const dir = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  leaveNothing(dir);
  try {
    const faults = await benches[options.subject](options, dir);
    return faults.length === 0 ? 0 : 1;
  } catch (error) {
    console.error(`bench: ${(error as Error).message}`);
    // A load generator may still have minutes to go.
    killAll();
    return 1;
  }
}

/** However this process ends, its children and its files go with it. */
function leaveNothing(dir: string): void {
  process.on('exit', () => {
    killAll();
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => process.exit(128 + constants.signals[signal]));
  }
}

function killAll(): void {
  killChildren();
  killFamilies();
}
