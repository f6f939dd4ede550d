// `npm run test:mutants`: changes one little thing after another in the compiled batcher, and looks whether its tests
// notice. `-- --file pending-request` tries one file, `--every 5` each fifth mutant. Those that are known to change
// nothing that anybody could see stand in test/mutants/survivors.json, each with the reason; a new one is an error.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { mutantsOf } from './mutants/mutations.mjs';
import { EXIT_INVALID } from './mutants/run-tests.mjs';
import { prepare, root } from './prepare.mjs';

/** A mutant that runs for so long has been noticed: it never ends. */
const TIMEOUT_MS = 90_000;
const WANTED_SCORE = 0.9;
/** Random programs are a test too; the same ones for every mutant. */
const PROGRAMS = { REFERENCE_SEED: '1', REFERENCE_PROGRAMS: '600', FC_SEED: '1', FC_RUNS: '60' };
/** Declarations; what they declare is tested where it is used. */
const SKIPPED = ['batching-config'];

const { values } = parseArgs({ options: { file: { type: 'string' }, every: { type: 'string', default: '1' } } });
prepare({ tests: true });
const known = JSON.parse(readFileSync(join(root, 'test/mutants/survivors.json'), 'utf8'));
const folder = join(root, 'dist/batching');
const queue = readdirSync(folder)
  .filter((name) => name.endsWith('.js'))
  .map((name) => name.slice(0, -'.js'.length))
  .filter((name) => !SKIPPED.includes(name) && (values.file === undefined || name === values.file))
  .flatMap((file) => mutantsOf(readFileSync(join(folder, `${file}.js`), 'utf8')).map((mutant) => ({ file, ...mutant })))
  .filter((_, index) => index % Number(values.every) === 0);
const total = queue.length;
console.log(`${total} mutants`);
const scratch = mkdtempSync(join(tmpdir(), 'millrace-mutants-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));

const count = { killed: 0, invalid: 0, explained: 0 };
const survivors = [];
await Promise.all(Array.from({ length: availableParallelism() }, work));

const seen = count.killed + survivors.length;
const score = seen === 0 ? 1 : count.killed / seen;
for (const { file, line, was, becomes } of survivors)
  console.log(`survived: ${file}:${line}\n  - ${was}\n  + ${becomes}`);
console.log(
  `${count.killed} killed, ${survivors.length} survived, ${count.explained} are known to change nothing, ${count.invalid} are no programs; score ${(100 * score).toFixed(1)} %`,
);
process.exitCode = score >= WANTED_SCORE ? 0 : 1;

async function work(_, lane) {
  for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
    if (known.some((each) => isSame(each, mutant))) {
      count.explained++;
      continue;
    }
    const code = await fateOf(mutant, lane);
    if (code === EXIT_INVALID) count.invalid++;
    else if (code === 0) survivors.push(mutant);
    else count.killed++;
    const done = total - queue.length;
    if (done % 50 === 0) console.log(`${done} of ${total}, ${survivors.length} survived`);
  }
}

function isSame(a, b) {
  return a.file === b.file && a.was === b.was && a.becomes === b.becomes;
}

/** The tests of single parts are quick, and notice most; the random programs look at what is left. */
async function fateOf(mutant, lane) {
  for (const tests of testsOf(mutant.file)) {
    const code = await runTests(mutant, tests, lane);
    if (code !== 0) return code;
  }
  return 0;
}

function runTests({ file, text }, tests, lane) {
  const textFile = join(scratch, `mutant-${lane}.js`);
  writeFileSync(textFile, text);
  const env = {
    ...process.env,
    ...PROGRAMS,
    MUTANT_TEXT_FILE: textFile,
    MUTANT_URL: pathToFileURL(join(folder, `${file}.js`)).href,
  };
  const args = ['--import', './scripts/mutants/load-mutant.mjs', 'scripts/mutants/run-tests.mjs', ...tests];
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, env, stdio: 'ignore' });
    const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
    child.on('exit', (code) => {
      clearTimeout(timer);
      resolve(code ?? 1);
    });
  });
}

/** The probe needs the real runtime, and takes its time; nothing else does. */
function testsOf(file) {
  const tests = join(root, 'build/test');
  const all = readdirSync(join(tests, 'batching')).filter((name) => name.endsWith('.test.js'));
  const names = all.filter((name) => name.startsWith('row-probe') === (file === 'row-probe'));
  const own = names.map((name) => join(tests, 'batching', name));
  const random = ['batches.test.js', 'reference/reference.test.js'].map((name) => join(tests, 'property', name));
  return file === 'row-probe' ? [own] : [own, random];
}
