import { type Command, Option } from 'commander';
import { resolveConfig } from '../config.js';
import { flagLayer, scalar } from '../config-sources.js';
import { MillraceError } from '../core/errors.js';
import { logLevels } from '../observe/logger.js';
import { startServerLazily } from './lazy-server.js';
import { settingsLayers } from './settings.js';
import { StopSignals } from './stop-signals.js';

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
async function serve({ config: file, keys, logLevel, port, ...flags }: Record<string, string>): Promise<number> {
  // Before all else: a signal may come while the server starts.
  const signals = new StopSignals();
  const config = resolveConfig([
    ...settingsLayers(file),
    flagLayer({
      ...flags,
      ...(keys === undefined ? {} : { auth: { keys_file: keys } }),
      ...(port === undefined ? {} : { port: scalar(port) }),
      ...(logLevel === undefined ? {} : { log: { level: logLevel } }),
    }),
  ]);
  const millrace = await startServerLazily(config);
  if (signals.received !== undefined) {
    millrace.destroy();
    return 0;
  }
  await millrace.listen().catch((error: unknown) => {
    millrace.destroy();
    throw listenFailure(error as NodeJS.ErrnoException, config);
  });
  await millrace.close(await signals.first);
  return 0;
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
