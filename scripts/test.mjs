// `npm test`: every check and every test; the last line counts them. `npm test -- PART…` runs only the test files whose
// path contains one of the parts, and no checks.
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { spec as Spec } from 'node:test/reporters';
import { runChecks } from './checks.mjs';
import { prepare, root } from './prepare.mjs';

/** A file in which nothing happens for this long is ended: a test hangs, or something keeps the process alive. */
const SILENCE_MS = 60_000;

prepare({ tests: true });
const parts = process.argv.slice(2);
const count = { passed: 0, failed: 0, skipped: 0, todo: 0 };

if (parts.length === 0) Object.assign(count, runChecks());
const before = count.passed + count.failed;

const report = new Spec();
report.pipe(process.stdout);
const queue = testFiles();
await Promise.all(
  Array.from({ length: availableParallelism() }, async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const events = await runFile(file);
      tally(file, events);
      // All at once, so that the report goes file by file. What has no file is the totals of this one run.
      for (const event of events) if (event.data.file !== undefined || isOutput(event)) report.write(event);
    }
  }),
);
await new Promise((resolve) => {
  report.on('end', resolve).end();
});

if (count.passed + count.failed === before) {
  count.failed++;
  console.log('✖ no test ran');
}
if (count.todo > 0) console.log(`${count.todo} to do`);
console.log(`${count.passed} passed, ${count.failed} failed${count.skipped > 0 ? `, ${count.skipped} skipped` : ''}`);
process.exitCode = count.failed > 0 ? 1 : 0;

function testFiles() {
  const folder = join(root, 'build', 'test');
  return readdirSync(folder, { recursive: true })
    .filter((path) => path.endsWith('.test.js'))
    .map((path) => join(folder, path))
    .filter((path) => parts.length === 0 || parts.some((part) => relative(folder, path).includes(part)))
    .sort();
}

/**
 * Runs one file in a process of its own and gathers the runner's events. The runner's own time limit is one for a
 * whole file in Node 20 and for each test in Node 24; this one is the same in both.
 */
async function runFile(file) {
  const events = [];
  const running = new Set();
  const abort = new AbortController();
  const watchdog = setTimeout(() => {
    const what = running.size > 0 ? [...running].join(', ') : 'no test, but the process';
    abort.abort(new Error(`nothing happened for ${SILENCE_MS / 1000} s; still running: ${what}`));
  }, SILENCE_MS);
  for await (const event of run({ files: [file], signal: abort.signal })) {
    watchdog.refresh();
    events.push(event);
    if (event.type === 'test:dequeue' && event.data.name !== file) running.add(event.data.name);
    if (event.type === 'test:complete') running.delete(event.data.name);
  }
  clearTimeout(watchdog);
  return events;
}

/** Counts the tests of one file: what has tests inside counts only when it failed by itself, say in a hook. */
function tally(file, events) {
  let previousNesting = 0;
  for (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    // Results come in post-order: directly after a deeper one comes the one that contains it.
    const contains = data.details.type === 'suite' || previousNesting > data.nesting;
    previousNesting = data.nesting;
    if (data.skip !== undefined) count.skipped++;
    else if (data.todo !== undefined) count.todo++;
    else if (type === 'test:fail') {
      if (!(contains && data.details.error?.failureType === 'subtestsFailed')) count.failed++;
    } else if (data.name === file) {
      // The runner counts a file without tests as one that passed.
      count.failed++;
      console.log(`✖ ${relative(root, file)} has no tests`);
    } else if (!contains) count.passed++;
  }
}

function isOutput({ type }) {
  return type === 'test:stdout' || type === 'test:stderr';
}
