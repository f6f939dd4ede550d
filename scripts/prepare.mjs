// Makes a fresh clone runnable: installs the locked packages and compiles, each only when its inputs changed.
// npm runs no pre/post hooks here (.npmrc says ignore-scripts), so every script of package.json begins with prepare().
// A stamp beside each result holds a fingerprint of what it was made from.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
const inRoot = (...parts) => join(root, ...parts);

/** Installs and builds what is missing or out of date; ends the process if that fails. */
export function prepare({ tests = false, force = false } = {}) {
  checkNode();
  install();
  build({ what: ['src'], output: 'dist', inputs: ['src', 'tsconfig.json'], force });
  if (tests) {
    build({ what: ['src', 'test'], output: 'build', inputs: ['src', 'test', 'bench', 'tsconfig.json'], force });
  }
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  console.error(`millrace needs Node 20.19 or newer; this is ${process.version} (${process.execPath}).`);
  process.exit(1);
}

function install() {
  const lock = inRoot('package-lock.json');
  // Not the Node version: the native packages use Node-API, so one installation serves every version.
  const wanted = fingerprint(['package-lock.json'], `${process.platform}-${process.arch}`);
  const stamp = inRoot('node_modules', '.millrace-install');
  const installed = readIfThere(stamp);
  if (installed === wanted) return;
  // npm writes this file when an installation is complete, so it tells that somebody ran `npm ci` since the lock changed.
  const byHand = inRoot('node_modules', '.package-lock.json');
  const recent = existsSync(byHand) && statSync(byHand).mtimeMs > statSync(lock).mtimeMs;
  if (!(installed === undefined && recent && existsSync(inRoot('node_modules/typescript')))) {
    say('installing packages…');
    // Development packages always: the compiler is one, and NODE_ENV=production would leave it out.
    npm(['ci', '--include=dev']);
  }
  writeFileSync(stamp, wanted);
}

function build({ what, output, inputs, force }) {
  const wanted = fingerprint([...inputs, 'package.json', 'package-lock.json']);
  const stamp = inRoot(output, '.stamp');
  if (!force && readIfThere(stamp) === wanted) return;
  say(output === 'dist' ? 'building…' : 'building the tests…');
  // From nothing, so that a deleted source leaves no output behind; the compiler takes about a second.
  rmSync(inRoot(output), { recursive: true, force: true });
  execute(process.execPath, [inRoot('node_modules/typescript/bin/tsc'), '-b', ...what]);
  if (output === 'dist') {
    // The compiler makes it anew without the mode that npm gave the command when it linked it.
    chmodSync(inRoot('dist/main.js'), 0o755);
    copySwaggerUi();
  }
  writeFileSync(stamp, wanted);
}

/**
 * The page at /docs needs two files of the many in the package, whose dependency reports installations to its makers: who
 * installs millrace gets neither.
 */
function copySwaggerUi() {
  mkdirSync(inRoot('dist/swagger-ui'));
  for (const name of [
    'LICENSE',
    'NOTICE',
    'swagger-ui.css',
    'swagger-ui-bundle.js',
    'swagger-ui-bundle.js.LICENSE.txt',
  ]) {
    copyFileSync(inRoot('node_modules/swagger-ui-dist', name), inRoot('dist/swagger-ui', name));
  }
}

/** A hash over the paths and contents of files and of everything in folders. */
function fingerprint(paths, salt = '') {
  const hash = createHash('sha256').update(salt);
  const add = (path) => {
    if (!existsSync(inRoot(path))) return;
    if (statSync(inRoot(path)).isDirectory()) {
      for (const name of readdirSync(inRoot(path)).sort()) add(`${path}/${name}`);
    } else {
      const content = readFileSync(inRoot(path));
      hash.update(`\0${path}\0${content.length}\0`).update(content);
    }
  };
  paths.forEach(add);
  return hash.digest('hex');
}

function npm(args) {
  // The npm that runs us, when one does: `npm` on the path may be another one.
  const cli = process.env.npm_execpath;
  if (cli && basename(cli).startsWith('npm')) execute(process.execPath, [cli, ...args]);
  else execute('npm', args, { shell: process.platform === 'win32' });
}

function execute(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: Infinity, ...options });
  if (result.status === 0) return;
  process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`);
  const outcome = result.error?.message ?? (result.signal ? `ended by ${result.signal}` : `exit code ${result.status}`);
  console.error(`millrace: ${[basename(command), ...args].join(' ')}: ${outcome}`);
  process.exit(result.status || 1);
}

function readIfThere(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

function say(text) {
  console.error(`millrace: ${text}`);
}
