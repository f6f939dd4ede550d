// `npm run dev -- OPTIONS`: the server, built and started anew on every change of src. A build that fails shows its
// errors and leaves the last server running.
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, rmSync, watch } from 'node:fs';
import { join } from 'node:path';
import { prepare, root } from './prepare.mjs';

prepare();
// From here on dist changes without its stamp: the next prepare() has to build anew.
rmSync(join(root, 'dist', '.stamp'), { force: true });

let server = start();
let watchers = watchFolders();
let pending;

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    clearTimeout(pending);
    for (const watcher of watchers) watcher.close();
    server.removeAllListeners('exit').kill('SIGTERM');
  });
}

// One watcher for each folder: Node's recursive one loses a file that an editor replaces instead of rewriting.
function watchFolders() {
  const src = join(root, 'src');
  const paths = readdirSync(src, { recursive: true, withFileTypes: true });
  const folders = paths.filter((entry) => entry.isDirectory()).map(({ parentPath, name }) => join(parentPath, name));
  return [src, ...folders].map((folder) =>
    watch(folder, () => {
      // Editors save in several steps, and often several files at once.
      clearTimeout(pending);
      pending = setTimeout(rebuild, 200);
    }),
  );
}

function rebuild() {
  for (const watcher of watchers) watcher.close();
  watchers = watchFolders();
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const { status } = spawnSync(process.execPath, [compiler, '-b', 'src'], { cwd: root, stdio: 'inherit' });
  if (status !== 0) return;
  console.error('millrace: restarting…');
  server.removeAllListeners('exit');
  // The port is free only once the old server has ended.
  const restart = () => {
    server = start();
  };
  if (server.exitCode === null && server.signalCode === null) server.once('exit', restart).kill('SIGTERM');
  else restart();
}

function start() {
  const args = ['dist/main.js', 'serve', ...process.argv.slice(2)];
  // Nobody but the developer waits for it to end.
  const env = { MILLRACE_SHUTDOWN__GRACE_MS: '0', ...process.env };
  return spawn(process.execPath, args, { cwd: root, stdio: 'inherit', env }).once('exit', () => {
    console.error('millrace: the server ended; it starts again after the next change.');
  });
}
