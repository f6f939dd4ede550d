// `npm run lint`: format, lint and dead code. `npm run format` (--fix) rewrites the files' format instead.
import { fixFormat, runChecks } from './checks.mjs';
import { prepare } from './prepare.mjs';

prepare();
const ok = process.argv.includes('--fix') ? fixFormat() : runChecks().failed === 0;
process.exitCode = ok ? 0 : 1;
