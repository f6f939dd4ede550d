// `npm run test:chaos`: kills a server's instances at random, a minute for each kind of instance; `-- --seconds N` for another time.
import { prepare } from './prepare.mjs';

prepare({ tests: true });
await import('../build/test/chaos/main.js');
