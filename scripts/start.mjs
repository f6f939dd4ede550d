// `npm start -- OPTIONS`: the server, installed and built first where needed. It runs in this very process, so that
// signals reach it and its exit code is npm's.
import { prepare } from './prepare.mjs';

prepare();
const { run } = await import('../dist/main.js');

// npm hands a SIGTERM to the shell between them, which dies of it and tells nobody: whoever has lost that parent stops too.
const parent = process.ppid;
const watch = setInterval(() => {
  if (process.ppid === parent) return;
  clearInterval(watch);
  process.kill(process.pid, 'SIGTERM');
}, 250);
watch.unref();

await run(['serve', ...process.argv.slice(2)]);
