import { type Command, Option } from 'commander';
import { resolveConfig } from '../config.js';
import { flagLayer, scalar } from '../config-sources.js';
import { MillraceError } from '../core/errors.js';
import type { Millrace } from '../millrace-server.js';
import { logLevels } from '../observe/logger.js';
import { startServerLazily } from './lazy-server.js';
import { settingsLayers } from './settings.js';

/** A terminal and npm may each deliver the signal that the user sent once. */
const ONE_SIGNAL_MS = 1_000;

/** `millrace serve`: defines it. */
export function addServeCommand(program: Command, ended: (exitCode: number) => void): void {
  program
    .command('serve')
    .description('serve the models until SIGINT or SIGTERM')
    .option('--models <dir>', 'the model folder (default: ./models)')
    .option('--host <address>', 'the address to listen on (default: 127.0.0.1)')
    .option('--port <number>', 'the port; 0 takes any that is free (default: 8000)')
    .option('--config <file>', 'a YAML file with settings (default: ./millrace.yaml, if it is there)')
    .option('--keys <file>', 'a YAML file with the keys that are let in')
    .addOption(new Option('--auth <mode>', 'none: let everybody in who can reach the address').conflicts('keys'))
    .addOption(
      new Option('--model-control <mode>', 'who says what is loaded (default: none)').choices([
        'none',
        'explicit',
        'watch',
      ]),
    )
    .addOption(new Option('--log-level <level>', 'what the log holds (default: info)').choices(logLevels))
    .action(async (flags: Record<string, string>) => {
      ended(await serve(flags));
    });
}

/**
 * Listens until a signal comes, then finishes what was accepted.
 *
 * @returns the exit code, when the server has stopped
 * @throws MillraceError if the settings are wrong, or the address cannot be listened on
 */
async function serve({
  config: file,
  keys,
  logLevel,
  modelControl,
  port,
  ...flags
}: Record<string, string>): Promise<number> {
  const config = resolveConfig([
    ...settingsLayers(file),
    flagLayer({
      ...flags,
      ...(keys === undefined ? {} : { auth: { keys_file: keys } }),
      ...(modelControl === undefined ? {} : { model_control: modelControl }),
      ...(port === undefined ? {} : { port: scalar(port) }),
      ...(logLevel === undefined ? {} : { log: { level: logLevel } }),
    }),
  ]);
  const millrace = await startServerLazily(config);
  await millrace.listen().catch((error: unknown) => {
    millrace.destroy();
    throw listenFailure(error as NodeJS.ErrnoException, config);
  });
  await untilSignal(millrace);
  return 0;
}

/** Settles when the server has stopped after a signal; a second signal, other than an echo of the first, ends the process at once. */
async function untilSignal(millrace: Millrace): Promise<void> {
  let firstAt: number | undefined;
  await new Promise<void>((resolve) => {
    const onSignal = (signal: NodeJS.Signals) => {
      if (firstAt === undefined) {
        firstAt = performance.now();
        void millrace.close(signal).then(resolve);
      } else if (performance.now() - firstAt > ONE_SIGNAL_MS) {
        process.off('SIGINT', onSignal);
        process.off('SIGTERM', onSignal);
        process.kill(process.pid, signal);
      }
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
}

function listenFailure(error: NodeJS.ErrnoException, { host, port }: { host: string; port: number }): MillraceError {
  const reasons: Record<string, string> = {
    EADDRINUSE: 'another program listens there; choose another with --port, or 0 for any that is free',
    EADDRNOTAVAIL: 'this machine has no such address',
    EACCES: 'this user may not; ports below 1024 need privileges',
    ENOTFOUND: 'the name is not known',
  };
  const reason = reasons[error.code ?? ''] ?? error.message;
  return new MillraceError('INTERNAL', `cannot listen on ${host}:${port}: ${reason}`, { cause: error });
}
