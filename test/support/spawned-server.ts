import { setTimeout as pause } from 'node:timers/promises';
import { type Command, type CommandOptions, type Exit, startCommand } from './command-line.js';

const DEADLINE_MS = 60_000;
const POLL_MS = 10;

/** A `millrace serve` process. */
export interface SpawnedServer {
  readonly url: string;
  readonly pid: number;
  readonly exit: Promise<Exit>;
  /** What it has logged so far. */
  log(): Record<string, unknown>[];
  /** The log as text. */
  output(): string;
  signal(name: NodeJS.Signals): void;
  /** Ends it the hard way, if it still runs; for `after`. */
  stop(): Promise<void>;
}

/** Starts `millrace serve` on a free port, and waits until it is ready. */
export async function spawnServer(args: readonly string[], options: CommandOptions): Promise<SpawnedServer> {
  const command = startCommand(['serve', '--port', '0', ...args], options);
  const stop = async () => {
    command.process.kill('SIGKILL');
    await command.exit;
  };
  try {
    const url = (await whenLogged(command, 'listening'))['url'] as string;
    await until('the server is ready', async () => (await fetch(`${url}/healthz/ready`)).ok);
    return {
      url,
      pid: command.process.pid as number,
      exit: command.exit,
      log: () => logLines(command.stdout()),
      output: () => command.stdout() + command.stderr(),
      signal: (name) => void command.process.kill(name),
      stop,
    };
  } catch (error) {
    await stop();
    throw new Error(`${(error as Error).message}\n${command.stdout()}${command.stderr()}`, { cause: error });
  }
}

/** Looks at what a process does from outside, again and again: it tells nobody. */
export async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`not within ${DEADLINE_MS} ms: ${what}`);
    await pause(POLL_MS);
  }
}

/** Settles with the first line that the process logs under this message. */
export async function whenLogged(command: Command, message: string): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const look = () => {
      const line = logLines(command.stdout()).find(({ msg }) => msg === message);
      if (line !== undefined) resolve(line);
    };
    command.onChange(look);
    look();
    void command.exit.then(({ code }) => reject(new Error(`the server ended with code ${code}`)));
  });
}

function logLines(text: string): Record<string, unknown>[] {
  const complete = text.slice(0, text.lastIndexOf('\n') + 1);
  return complete
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
