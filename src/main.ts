#!/usr/bin/env node
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runProgram } from './cli/program.js';

const LAST_RESORT_MS = 5_000;

/** Runs the command line as the whole of this process. */
export async function run(argv: readonly string[]): Promise<void> {
  process.stdout.on('error', endOnLostReader);
  process.exitCode = await runProgram(argv);
  setTimeout(endHard, LAST_RESORT_MS).unref();
}

/**
 * A thread inside native code keeps the process alive when all else has ended, and `process.exit` would wait for it: then
 * only a signal ends the process. Linux keeps signals that a process 1, as in a container, sends to itself from it,
 * SIGKILL too; `abort` ends it nevertheless, by an instruction that no processor runs.
 */
function endHard(): void {
  if (process.pid === 1) process.abort();
  process.kill(process.pid, 'SIGKILL');
}

/** Whoever read the output has left, as `head` does: then the process ends by a signal, as other programs do. */
function endOnLostReader(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.kill(process.pid, 'SIGTERM');
}

const entry = process.argv[1];
if (entry !== undefined && realpathSync(entry) === fileURLToPath(import.meta.url)) await run(process.argv.slice(2));
