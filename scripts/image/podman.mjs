// Podman as root, with images of its own in a folder that stays between runs. It builds as buildah does, whose code it
// contains, and runs real containers, where an engine that needs a daemon could not.
import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execute, run } from '../execute.mjs';

/** May be removed at any time; the next run makes it anew. */
export const cache = process.env.IMAGE_TEST_CACHE || join(tmpdir(), 'millrace-image-test');

const files = {
  'containers.conf': [
    '[containers]',
    // Its own defaults are higher than what root may set inside a sandbox.
    'default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]',
    '[engine]',
    'cgroup_manager = "cgroupfs"',
    'events_logger = "file"',
    // crun refuses a machine that has both versions of control groups.
    'runtime = "runc"',
  ],
  'storage.conf': [
    '[storage]',
    'driver = "overlay"',
    `graphroot = "${join(cache, 'images')}"`,
    `runroot = "${join(cache, 'run')}"`,
  ],
  'policy.json': ['{"default":[{"type":"insecureAcceptAnything"}]}'],
};

const environment = {
  ...process.env,
  CONTAINERS_CONF: join(cache, 'containers.conf'),
  CONTAINERS_STORAGE_CONF: join(cache, 'storage.conf'),
};

/** Writes podman's settings; installs it, and what else is named, where it is missing. */
export function preparePodman(packages) {
  mkdirSync(cache, { recursive: true });
  for (const [name, lines] of Object.entries(files)) writeFileSync(join(cache, name), `${lines.join('\n')}\n`);
  const isMissing = (name) => run('sh', ['-c', `command -v ${name}`]).status !== 0;
  if (!packages.some(isMissing)) return;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  execute('apt-get', ['update', '-qq'], { env });
  execute('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], { env });
}

/**
 * Runs podman to its end, or for so many seconds.
 *
 * @returns its exit code and what it wrote; where podman itself failed, its code is 125 or more
 */
export function tryPodman(args, { seconds = 60 } = {}) {
  const { status, signal, stdout, stderr, error } = run('podman', args, { env: environment, timeout: seconds * 1_000 });
  if (error !== undefined && error.code !== 'ETIMEDOUT') throw error;
  return { code: status ?? `ended by ${signal} after ${seconds} s`, stdout, stderr };
}

/** As `tryPodman`, for what must not fail; gives its standard output. */
export function podman(args, { seconds = 60 } = {}) {
  return execute('podman', args, { env: environment, timeout: seconds * 1_000 });
}
