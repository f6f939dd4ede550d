// `npm run dev -- OPTIONS`: compiles on every change of src and restarts the server on every change of dist.
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { prepare, root } from './prepare.mjs';

prepare();
// From here on dist is the watching compiler's: without a stamp the next prepare() builds anew.
rmSync(join(root, 'dist', '.stamp'), { force: true });

const node = (...args) => spawn(process.execPath, args, { cwd: root, stdio: 'inherit' });
const children = [
  node('node_modules/typescript/bin/tsc', '-b', 'src', '--watch', '--preserveWatchOutput'),
  node('--watch', '--watch-preserve-output', 'dist/main.js', 'serve', ...process.argv.slice(2)),
];

const end = () => children.forEach((child) => child.kill('SIGTERM'));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, end);
// Neither is of use alone.
for (const child of children) child.on('exit', end);
