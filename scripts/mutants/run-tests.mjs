// Runs test files in this one process, since a process for each would take most of the time. A mutant that is no valid
// program says so by its own exit code.
export const EXIT_INVALID = 99;

if (process.argv[1] === new URL(import.meta.url).pathname) {
  // What is printed is read by nobody.
  process.stdout.write = () => true;
  for (const file of process.argv.slice(2)) {
    try {
      await import(file);
    } catch (error) {
      process.exit(error instanceof SyntaxError ? EXIT_INVALID : 1);
    }
  }
}
