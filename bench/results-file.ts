import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchOptions } from './options.js';

/** All of a run, for those who want to compute with it or to compare it with another. */
export interface BenchResults {
  readonly startedAt: string;
  readonly seconds: number;
  readonly options: BenchOptions;
  readonly environment: Environment;
  /** What went wrong; anything here makes the run fail. */
  readonly faults: readonly string[];
  /** What was measured, as it was. */
  readonly [part: string]: unknown;
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

/** Writes the results, and beside them a `page` for people if there is one; gives what was written, as it is to be shown. */
export async function writeResults(results: BenchResults, page?: string): Promise<string[]> {
  const { json, subject } = results.options;
  const shown = json ?? `bench/results/${subject === 'models' ? 'latest' : subject}.json`;
  const path = json ?? join(root, shown);
  await mkdir(dirname(path), { recursive: true });
  // The file's own path says nothing about the run.
  await writeFile(
    path,
    `${JSON.stringify({ ...results, options: { ...results.options, json: undefined } }, null, 1)}\n`,
  );
  if (page === undefined) return [shown];
  await writeFile(pageOf(path), `${page}\n`);
  return [shown, pageOf(shown)];
}

function pageOf(path: string): string {
  return `${path.replace(/\.json$/, '')}.md`;
}

function commit(): string | null {
  // Without this, git would take a repository that the project merely lies in.
  if (!existsSync(join(root, '.git'))) return null;
  const git = (...args: string[]) => spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  const head = git('rev-parse', '--short=12', 'HEAD');
  if (head.status !== 0) return null;
  return head.stdout.trim() + (git('status', '--porcelain').stdout.trim() === '' ? '' : '+');
}
