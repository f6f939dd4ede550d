// Checks that are no tests of Node's runner, counted like those: the last line reads "N passed, N failed".
const count = { passed: 0, failed: 0 };

/** Runs one check, and says how it went; what it throws is its failure. Gives what the check gave, or undefined. */
export async function check(name, run) {
  const started = performance.now();
  const took = () => `(${Math.round(performance.now() - started)}ms)`;
  try {
    const result = await run();
    count.passed++;
    console.log(`✔ ${name} ${took()}`);
    return result;
  } catch (error) {
    count.failed++;
    console.log(`✖ ${name} ${took()}: ${error.message}`);
    return undefined;
  }
}

/** The checks that have failed so far. */
export function failures() {
  return count.failed;
}

/** Prints the last line, and sets the exit code. */
export function conclude() {
  console.log(`${count.passed} passed, ${count.failed} failed`);
  process.exitCode = count.failed > 0 || count.passed === 0 ? 1 : 0;
}

/** Waits until a condition holds, which may throw until then. */
export async function until(seconds, what, condition) {
  const deadline = performance.now() + seconds * 1_000;
  let reason = '';
  for (;;) {
    try {
      if (await condition()) return;
    } catch (error) {
      reason = `: ${error.message}`;
    }
    if (performance.now() > deadline) throw new Error(`not within ${seconds} s: ${what}${reason}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
