// `node --import`: one compiled file is loaded with another text, in this process and in its threads.
import { register } from 'node:module';

register('./mutant-loader.mjs', import.meta.url, {
  data: { url: process.env.MUTANT_URL, textFile: process.env.MUTANT_TEXT_FILE },
});
