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
    .option(
      '--grpc-port <number>',
      'the port for gRPC; 0 takes any that is free, off none (default: 8001 if it is free)',
    )
    .option('--metrics-port <number>', 'a second port that answers GET /metrics alone; 0 takes any that is free')
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
  grpcPort,
  metricsPort,
  ...flags
}: Record<string, string>): Promise<number> {
  // Before all else: a signal may come while the server starts.
  const signals = new StopSignals();
  const config = resolveConfig([
    ...settingsLayers(file),
    flagLayer({
      ...flags,
      ...(keys === undefined ? {} : { auth: { keys_file: keys } }),
      ...(modelControl === undefined ? {} : { model_control: modelControl }),
      ...(port === undefined ? {} : { port: scalar(port) }),
      ...(grpcPort === undefined ? {} : { grpc: { port: scalar(grpcPort) } }),
      ...(metricsPort === undefined ? {} : { metrics: { port: scalar(metricsPort) } }),
      ...(logLevel === undefined ? {} : { log: { level: logLevel } }),
    }),
  ]);
  const millrace = await startServerLazily(config);
  if (signals.received !== undefined) {
    millrace.destroy();
    return 0;
  }
  await millrace.listen().catch((error: unknown) => {
    const { host, port, grpc, metrics } = config;
    // In the order in which they are opened: what did not open is the first that is not open.
    const what = !millrace.server.listening
      ? { address: `${host}:${port}`, flag: '--port' }
      : millrace.grpcAddress === undefined && typeof grpc.port === 'number'
        ? { address: `${host}:${grpc.port}`, flag: '--grpc-port' }
        : { address: `${host}:${metrics.port}`, flag: '--metrics-port' };
    millrace.destroy();
    throw listenFailure(error as NodeJS.ErrnoException, what);
  });
  await millrace.close(await signals.first);
  return 0;
}

function listenFailure(
  error: NodeJS.ErrnoException,
  { address, flag }: { address: string; flag: string },
): MillraceError {
  const reasons: Record<string, string> = {
    EADDRINUSE: `another program listens there; choose another with ${flag}, or 0 for any that is free`,
    EADDRNOTAVAIL: 'this machine has no such address',
    EACCES: 'this user may not; ports below 1024 need privileges',
    ENOTFOUND: 'the name is not known',
  };
  const reason = reasons[error.code ?? ''] ?? error.message;
  return new MillraceError('INTERNAL', `cannot listen on ${address}: ${reason}`, { cause: error });
}
