// `npm run test:schemathesis`: serves models/, has schemathesis send what openapi.yaml allows and what it does not, and
// holds the answers against it. Not part of `npm test`, because it needs Python with venv; the last line counts like that
// of `npm test`.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { check, conclude, failures, until } from './counted-checks.mjs';
import { execute } from './execute.mjs';
import { prepare, root } from './prepare.mjs';

const SCHEMATHESIS = 'schemathesis==4.32.5';
/** Its Python packages; may be removed at any time. */
const venv = join(root, '.cache', SCHEMATHESIS);
/** All phases together. What is not done by then has failed. */
const MOST_MS = 240_000;
const KEY = 'mk_schemathesis';

/**
 * Each phase with its options; how many requests it sends stands in schemathesis.toml. The same requests are sent every
 * time, as far as they do not depend on what was answered. Schemathesis cannot compress a body: where it chooses at
 * random, bodies are said to be what they are, to get further.
 */
const phases = {
  examples: [],
  coverage: [],
  fuzzing: ['--header=Content-Encoding:identity'],
  stateful: ['--header=Content-Encoding:identity'],
};

prepare();
const folder = mkdtempSync(join(tmpdir(), 'millrace-schemathesis-'));
const installed = await check(`${SCHEMATHESIS} is installed`, install);
if (installed) await checkServer();
rmSync(folder, { recursive: true, force: true });
conclude();

function install() {
  if (!existsSync(join(venv, 'bin', 'st'))) {
    execute('python3', ['-m', 'venv', '--clear', venv]);
    execute(join(venv, 'bin', 'pip'), ['install', '--quiet', '--disable-pip-version-check', SCHEMATHESIS]);
  }
  return true;
}

async function checkServer() {
  const keys = join(folder, 'keys.yaml');
  const sha256 = createHash('sha256').update(KEY).digest('hex');
  writeFileSync(keys, JSON.stringify([{ tenant: 'tests', sha256, scopes: ['infer', 'jobs', 'admin', 'metrics'] }]));
  // A file, which never makes the server wait, as a pipe would while nobody reads it.
  const log = join(folder, 'log');
  const output = openSync(log, 'w');
  const args = ['dist/main.js', 'serve', '--port', '0', '--models', 'models', '--keys', keys];
  const env = { ...process.env, MILLRACE_SHUTDOWN__GRACE_MS: '0' };
  const server = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', output, output] });
  const ended = once(server, 'exit');

  let url;
  await check('the server becomes ready', async () => {
    await until(60, 'ready', async () => {
      url = /"url":"([^"]+)"/.exec(readFileSync(log, 'utf8'))?.[1];
      return (await fetch(`${url}/healthz/ready`)).ok;
    });
  });
  const deadline = performance.now() + MOST_MS;
  for (const [phase, options] of Object.entries(phases)) {
    await check(`no answer is outside of openapi.yaml: ${phase}`, () => {
      const most = { timeout: Math.max(1, Math.round(deadline - performance.now())) };
      const base = ['run', 'openapi.yaml', `--url=${url}`, `--header=Authorization:Bearer ${KEY}`];
      const always = ['--generation-deterministic', '--no-color', `--phases=${phase}`];
      const config = ['--config-file', join(root, 'scripts', 'schemathesis.toml')];
      const text = execute(join(venv, 'bin', 'st'), [...config, ...base, ...always, ...options], {
        cwd: root,
        ...most,
      });
      console.log(`  ${/^ +\d+ generated.*$/m.exec(text)?.[0].trim() ?? 'nothing to send'}`);
    });
  }
  await check('models were really asked', () => countAnswers(url));
  await check('SIGTERM ends the server with exit code 0', async () => {
    server.kill('SIGTERM');
    const [code, signal] = await Promise.race([ended, sleep(20_000, ['still running after 20 s'], { ref: false })]);
    assert.equal(code ?? signal, 0);
  });
  server.kill('SIGKILL');
  if (failures() > 0) console.log(`The server's output:\n${readFileSync(log, 'utf8').slice(-20_000)}`);
}

/** That a request is refused for its form alone would be true of a server without models too. */
async function countAnswers(url) {
  const answer = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${KEY}` } });
  const counts = [
    ...(await answer.text()).matchAll(/^millrace_jobs_total\{model="(\w+)",.*outcome="succeeded"\} (\d+)$/gm),
  ];
  console.log(`  ${counts.map(([, model, count]) => `${model} ${count}`).join(', ')}`);
  assert.equal(counts.length, 4);
}
