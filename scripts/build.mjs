// `npm run build`: compiles the server into dist/ from nothing, whatever the stamp says.
import { prepare } from './prepare.mjs';

prepare({ force: true });
