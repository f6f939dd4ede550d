// `node scripts/docs.mjs`: writes the reference pages of docs/ and openapi.yaml anew, from the tables and schemas in src. With --check it
// writes nothing, and fails if a page is not what it would write.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { prepare, root } from './prepare.mjs';

prepare();
const { referencePages } = await import('./reference/pages.mjs');
const isCheck = process.argv.includes('--check');

for (const [path, text] of Object.entries(referencePages())) {
  const file = join(root, path);
  if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
  if (isCheck) {
    console.error(`${path} is out of date; run: node scripts/docs.mjs`);
    process.exitCode = 1;
    continue;
  }
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  console.log(`${path} written`);
}
