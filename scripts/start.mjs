// `npm start -- OPTIONS`: the server, installed and built first where needed. It runs in this very process, so that
// signals reach it and its exit code is npm's.
import { prepare } from './prepare.mjs';

prepare();
const { run } = await import('../dist/main.js');
await run(['serve', ...process.argv.slice(2)]);
