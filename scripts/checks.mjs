// The checks that need no running code. They are told apart here, so that `npm test` can count each.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './prepare.mjs';

const format = { name: 'format', tool: '@biomejs/biome/bin/biome', args: ['check'] };

const checks = [
  format,
  // No promise may float and no switch may forget a case: rules that need types, hence the flag.
  { name: 'lint', tool: 'oxlint/bin/oxlint', args: ['--type-aware', '--deny-warnings'] },
  // Its file is made by scripts/docs.mjs; test/docs.test.ts holds that it is current.
  { name: 'OpenAPI', tool: '@redocly/cli/bin/cli.js', args: ['lint', '--max-problems=20', 'openapi.yaml'] },
  { name: 'dead code', tool: 'knip/bin/knip.js', args: ['--no-progress', '--no-config-hints'] },
];

/** Runs every check; says which passed, with the tool's output for those that did not. */
export function runChecks() {
  const failed = checks.filter((check) => !run(check)).length;
  return { passed: checks.length - failed, failed };
}

/** Rewrites the files the way the format check wants them. */
export function fixFormat() {
  return run({ ...format, args: [...format.args, '--write'] });
}

function run({ name, tool, args }) {
  const started = performance.now();
  const result = spawnSync(process.execPath, [join(root, 'node_modules', tool), ...args], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
    maxBuffer: Infinity,
  });
  const ok = result.status === 0;
  if (!ok) process.stdout.write(`${result.stdout}${result.stderr}${result.error?.message ?? ''}`);
  console.log(`${ok ? '✔' : '✖'} ${name} (${Math.round(performance.now() - started)}ms)`);
  return ok;
}
