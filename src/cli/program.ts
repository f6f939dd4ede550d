import { Command, CommanderError } from 'commander';
import { MillraceError } from '../core/errors.js';
import { version } from '../version.js';
import { addHealthCommand } from './health-command.js';
import { addKeysCommand } from './keys-command.js';
import { addModelsCommand } from './models-command.js';
import { addPredictCommand } from './predict-command.js';
import { printable } from './printable.js';
import { ProblemError } from './problem-error.js';
import { addServeCommand } from './serve-command.js';

/** The command line was not understood, or the configuration is wrong. */
const EXIT_USAGE = 2;
const EXIT_FAILURE = 1;

/**
 * Runs the command line.
 *
 * @param argv the arguments, without the names of the interpreter and the script
 * @returns the exit code
 */
export async function runProgram(argv: readonly string[]): Promise<number> {
  let exitCode = 0;
  const ended = (code: number) => {
    exitCode = code;
  };
  const program = new Command('millrace')
    .description('Serves the ONNX models of a folder over HTTP, with queues and batching.')
    .version(version)
    .exitOverride()
    .showHelpAfterError('(add --help for the options)')
    .configureHelp({ showGlobalOptions: true });
  addServeCommand(program, ended);
  addPredictCommand(program, ended);
  addHealthCommand(program, ended);
  addModelsCommand(program, ended);
  addKeysCommand(program, ended);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has printed what it has to say.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    if (!(error instanceof MillraceError || error instanceof ProblemError)) throw error;
    for (const line of error.message.split('\n')) console.error(`millrace: ${printable(line)}`);
    return error instanceof MillraceError && error.code === 'INVALID_REQUEST' ? EXIT_USAGE : EXIT_FAILURE;
  }
}
