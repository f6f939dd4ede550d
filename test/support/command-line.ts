import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** The script behind the `millrace` command. */
const mainScript = fileURLToPath(import.meta.resolve('#src/main.js'));

export interface CommandOptions {
  /** Where `./models` and `./millrace.yaml` are looked for. */
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What comes on standard input; without it there is none. */
  readonly input?: string | Uint8Array;
  /** A command that runs it. */
  readonly wrapper?: readonly string[];
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A `millrace` process, with what it has written so far. */
export interface Command {
  readonly process: ChildProcess;
  readonly exit: Promise<Exit>;
  stdout(): string;
  stderr(): string;
  /** Called whenever the process has written, and when it has ended. */
  onChange(run: () => void): void;
}

/** Starts `millrace` with these arguments; no setting of the test's own environment reaches it. */
export function startCommand(args: readonly string[], { cwd, env = {}, input, wrapper = [] }: CommandOptions): Command {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('MILLRACE_'));
  const [program, ...rest] = [...wrapper, process.execPath, mainScript, ...args] as [string, ...string[]];
  const child = spawn(program, rest, {
    cwd,
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  child.stdin?.end(input);
  const text = { stdout: '', stderr: '' };
  let changed: () => void = () => undefined;
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (part: string) => {
      text[name] += part;
      changed();
    });
  }
  const exit = once(child, 'close').then(([code, signal]): Exit => ({ code, signal }));
  void exit.then(() => changed());
  return {
    process: child,
    exit,
    stdout: () => text.stdout,
    stderr: () => text.stderr,
    onChange: (run) => {
      changed = run;
    },
  };
}

/** Runs `millrace` to its end. */
export async function runCommand(args: readonly string[], options: CommandOptions) {
  const command = startCommand(args, options);
  const { code } = await command.exit;
  return { code, stdout: command.stdout(), stderr: command.stderr() };
}
