// `npm run bench -- OPTIONS`: the benchmarks, which are compiled together with the tests.
import { prepare } from './prepare.mjs';

prepare({ tests: true });
await import('../build/bench/main.js');
