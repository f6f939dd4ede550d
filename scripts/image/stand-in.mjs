// A stand-in for the image that the Dockerfile begins with, for machines that cannot pull it: a minimal Debian with Node
// and npm in the same places, and the same user.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execute } from '../execute.mjs';
import { root } from '../prepare.mjs';
import { podman, tryPodman } from './podman.mjs';

/** What the Dockerfile calls its base, such as `node:24-trixie-slim`. */
export const baseName = /^ARG NODE_IMAGE=(\S+)$/m.exec(readFileSync(join(root, 'Dockerfile'), 'utf8'))[1];

/** Makes the stand-in under the base's name, unless an earlier run has. */
export function makeBase() {
  const image = `docker.io/library/${baseName}`;
  if (tryPodman(['image', 'exists', image]).code === 0) return;
  const [, major, release] = /^node:(\d+)-([a-z]+)-slim$/.exec(baseName);
  const folder = mkdtempSync(join(tmpdir(), 'millrace-base-'));
  try {
    const system = join(folder, 'system');
    execute('debootstrap', ['--variant=minbase', release, system], { timeout: 300_000 });
    addNode(system, { major, scratch: join(folder, 'node') });
    execute('chroot', [system, 'useradd', '--uid', '1000', '--user-group', '--create-home', 'node']);
    execute('tar', ['-C', system, '-cf', join(folder, 'system.tar'), '.']);
    podman(['import', join(folder, 'system.tar'), image], { seconds: 120 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function addNode(system, { major, scratch }) {
  const name = `node-linux-${process.arch}`;
  mkdirSync(scratch);
  execute('npm', ['install', '--ignore-scripts', '--no-save', '--prefix', scratch, `${name}@${major}`]);
  const local = (...parts) => join(system, 'usr', 'local', ...parts);
  mkdirSync(local('lib', 'node_modules'), { recursive: true });
  cpSync(join(scratch, 'node_modules', name, 'bin', 'node'), local('bin', 'node'));
  // The package holds nothing but the binary: npm is that of this machine.
  cpSync(join(execute('npm', ['root', '--global']), 'npm'), local('lib', 'node_modules', 'npm'), { recursive: true });
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', local('bin', 'npm'));
  mkdirSync(local('etc'), { recursive: true });
  writeFileSync(local('etc', 'npmrc'), `${npmSettings(local('share')).join('\n')}\n`);
}

/** The way to the registry that this machine takes, without anybody's secrets. */
function npmSettings(share) {
  const setting = (key) => execute('npm', ['config', 'get', key]);
  const settings = [`registry=${setting('registry')}`, 'prefer-offline=true'];
  const authorities = setting('cafile');
  if (authorities === 'null') return settings;
  cpSync(authorities, join(share, 'npm-authorities.pem'));
  return [...settings, 'cafile=/usr/local/share/npm-authorities.pem'];
}
