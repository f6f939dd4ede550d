#!/usr/bin/env node
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command, CommanderError, Option } from 'commander';
import { type HealthFlags, health } from './cli/health-command.js';
import { checkModels, listModels } from './cli/models-command.js';
import { serve } from './cli/serve-command.js';
import { MillraceError } from './core/errors.js';
import { logLevels } from './observe/logger.js';
import { version } from './version.js';

/** The command line was not understood, or the configuration is wrong. */
const EXIT_USAGE = 2;
const EXIT_FAILURE = 1;
const LAST_RESORT_MS = 5_000;

/**
 * Runs the command line.
 *
 * @param argv the arguments, without the names of the interpreter and the script
 * @returns the exit code
 */
export async function main(argv: readonly string[]): Promise<number> {
  let exitCode = 0;
  const program = new Command('millrace')
    .description('Serves the ONNX models of a folder over HTTP, with queues and batching.')
    .version(version)
    .exitOverride()
    .showHelpAfterError('(add --help for the options)')
    .configureHelp({ showGlobalOptions: true });

  program
    .command('serve')
    .description('serve the models until SIGINT or SIGTERM')
    .option('--models <dir>', 'the model folder (default: ./models)')
    .option('--host <address>', 'the address to listen on (default: 127.0.0.1)')
    .option('--port <number>', 'the port; 0 takes any that is free (default: 8000)')
    .option('--config <file>', 'a YAML file with settings (default: ./millrace.yaml, if it is there)')
    .option('--auth <mode>', 'none: let everybody in who can reach the address')
    .addOption(new Option('--log-level <level>', 'what the log holds (default: info)').choices(logLevels))
    .action(async (flags: Record<string, string>) => {
      exitCode = await serve(flags);
    });

  program
    .command('health')
    .description('ask a running server whether it is ready; exits with 1 if it is not')
    .option('--url <address>', 'the server (default: where the settings say that it listens)')
    .option('--live', 'ask only whether it answers at all')
    .action(async (flags: HealthFlags) => {
      exitCode = await health(flags);
    });

  const models = program.command('models').description('look at a model folder without serving it');
  models
    .command('list')
    .description('list the models of a folder and what is wrong with them, without loading them')
    .argument('[dir]', 'the model folder', './models')
    .action(async (dir: string) => {
      exitCode = await listModels(dir);
    });
  models
    .command('check')
    .description('load each model of a folder, probe it, and say how it would be served; exits with 1 if one cannot be')
    .argument('[dir]', 'the model folder', './models')
    .action(async (dir: string) => {
      exitCode = await checkModels(dir);
    });

  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has printed what it has to say.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    if (!(error instanceof MillraceError)) throw error;
    for (const line of error.message.split('\n')) console.error(`millrace: ${line}`);
    return error.code === 'INVALID_REQUEST' ? EXIT_USAGE : EXIT_FAILURE;
  }
}

/** Runs the command line as the whole of this process. */
export async function run(argv: readonly string[]): Promise<void> {
  process.exitCode = await main(argv);
  // A thread inside native code keeps the process alive when all else has ended; then only a signal ends it.
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), LAST_RESORT_MS).unref();
}

const entry = process.argv[1];
if (entry !== undefined && realpathSync(entry) === fileURLToPath(import.meta.url)) await run(process.argv.slice(2));
