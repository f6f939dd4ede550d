import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchOptions } from './options.js';
import type { RawRow, Row } from './rounds.js';
import type { SoakResult } from './soak.js';
import type { TargetResult } from './targets.js';

/** All of a run, for those who want to compute with it or to compare it with another. */
export interface BenchResults {
  readonly startedAt: string;
  readonly seconds: number;
  readonly options: BenchOptions;
  readonly environment: Environment;
  readonly rows: readonly Row[];
  readonly raw: readonly RawRow[];
  readonly soak: SoakResult | null;
  readonly targets: readonly TargetResult[];
  /** What went wrong; anything here makes the run fail. */
  readonly faults: readonly string[];
}

/** Where a run took place. */
export interface Environment {
  readonly node: string;
  readonly platform: string;
  readonly processor: string;
  readonly processors: number;
  readonly memoryBytes: number;
  readonly loadGenerator: string;
  /** With `+` if files differ from it; null without git. */
  readonly commit: string | null;
}

const root = fileURLToPath(new URL('../..', import.meta.url));

export function environmentOf(loadGenerator: string): Environment {
  return {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    processor: cpus()[0]?.model ?? 'unknown',
    processors: availableParallelism(),
    memoryBytes: totalmem(),
    loadGenerator,
    commit: commit(),
  };
}

/** Writes the results, by default to bench/results/latest.json; gives the path as it is to be shown. */
export async function writeResults(results: BenchResults): Promise<string> {
  const shown = results.options.json ?? 'bench/results/latest.json';
  const path = results.options.json ?? join(root, shown);
  await mkdir(dirname(path), { recursive: true });
  // The file's own path says nothing about the run.
  const { json: _, ...options } = results.options;
  await writeFile(path, `${JSON.stringify({ ...results, options }, null, 1)}\n`);
  return shown;
}

function commit(): string | null {
  // Without this, git would take a repository that the project merely lies in.
  if (!existsSync(join(root, '.git'))) return null;
  const git = (...args: string[]) => spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  const head = git('rev-parse', '--short=12', 'HEAD');
  if (head.status !== 0) return null;
  return head.stdout.trim() + (git('status', '--porcelain').stdout.trim() === '' ? '' : '+');
}
