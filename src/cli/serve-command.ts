import { resolveConfig } from '../config.js';
import { environmentLayer, fileLayer, flagLayer, scalar } from '../config-sources.js';
import { MillraceError } from '../core/errors.js';
import type { Millrace } from '../millrace-server.js';
import { startServer } from '../server.js';

const DEFAULT_CONFIG_FILE = './millrace.yaml';
/** A terminal and npm may each deliver the signal that the user sent once. */
const ONE_SIGNAL_MS = 1_000;

/**
 * `millrace serve`: listens until a signal comes, then finishes what was accepted.
 *
 * @returns the exit code, when the server has stopped
 * @throws MillraceError if the settings are wrong, or the address cannot be listened on
 */
export async function serve({ config: file, keys, logLevel, port, ...flags }: Record<string, string>): Promise<number> {
  const configFile = file ?? process.env['MILLRACE_CONFIG'];
  const config = resolveConfig([
    fileLayer(configFile ?? DEFAULT_CONFIG_FILE, configFile === undefined),
    environmentLayer(process.env),
    flagLayer({
      ...flags,
      ...(keys === undefined ? {} : { auth: { keys_file: keys } }),
      ...(port === undefined ? {} : { port: scalar(port) }),
      ...(logLevel === undefined ? {} : { log: { level: logLevel } }),
    }),
  ]);
  const millrace = await startServer(config);
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
