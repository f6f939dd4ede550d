// Other programs, waited for.
import { spawnSync } from 'node:child_process';

/**
 * Runs a program to its end.
 *
 * @param options of `spawnSync`
 * @returns its standard output, without the last line's end
 * @throws Error with the last of what it wrote, if it could not be run or failed
 */
export function execute(command, args, options = {}) {
  const { status, signal, stdout, stderr, error } = run(command, args, options);
  if (status === 0) return stdout.trimEnd();
  throw new Error(
    `${command} ${args.join(' ')}: ${error?.message ?? signal ?? `exit code ${status}`}\n${lastLines(`${stdout}${stderr}`)}`,
  );
}

/** As `execute`, for a program that may fail: gives what `spawnSync` does. */
export function run(command, args, options = {}) {
  return spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: Infinity,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
  });
}

function lastLines(text) {
  return text.trimEnd().split('\n').slice(-30).join('\n');
}
