import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { AppOptions } from './express-app.js';
import { type Child, startProcess, within } from './processes.js';
import type { Workload } from './workload.js';

/** The servers that are compared, in the order of the tables. */
export const subjects = {
  millrace: 'millrace serve, default configuration',
  'handler-fast':
    "Express app: express.json(), session.run per request, one session and thread; on millrace's server classes, no etag",
  handler: 'the same app on plain Express 5, as people write it',
  'constant-fast': "the app of handler-fast, but it answers a constant of the size of millrace's answer",
  constant: 'the app of handler, but it answers that constant',
} as const;

export type SubjectName = keyof typeof subjects;

export const subjectNames = Object.keys(subjects) as SubjectName[];

/** A server that runs, in a process of its own. */
export interface Served {
  readonly url: string;
  readonly pid: number;
  /** What `work` gives; rejects at once, with the server's output, if the server ends before. */
  during<T>(work: Promise<T>): Promise<T>;
  /** Ends it the hard way: how millrace stops is what its tests look at. */
  stop(): Promise<void>;
}

/** One of those that are compared. */
export interface Subject extends Served {
  readonly name: SubjectName;
}

const START_LIMIT_MS = 60_000;
const POLL_MS = 10;

const scripts = {
  millrace: fileURLToPath(import.meta.resolve('#src/main.js')),
  express: fileURLToPath(new URL('./express-app.js', import.meta.url)),
};

/**
 * Starts a server and waits until it can answer.
 *
 * @param answer what the constant apps answer
 * @throws Error with the server's output if it does not start
 */
export async function startSubject(name: SubjectName, workload: Workload, answer: unknown): Promise<Subject> {
  return { name, ...(await startServer(name, argsOf(name, workload, answer), workload.repository)) };
}

/** Starts millrace on a model repository, in its default configuration. */
export function startMillrace(repository: string): Promise<Served> {
  return startServer('millrace', millraceArgs(repository), repository);
}

async function startServer(name: SubjectName, args: readonly string[], repository: string): Promise<Served> {
  // A folder without a millrace.yaml.
  const child = startProcess(process.execPath, args, { cwd: repository });
  try {
    const url = await within(START_LIMIT_MS, untilReady(name, child), `${name} can answer`);
    const death = child.ended.then((): never => {
      throw new Error(`${name} ended under load:\n${child.stdout()}${child.stderr()}`);
    });
    // It comes to an end in any case, and most often nobody minds.
    death.catch(() => undefined);
    return { url, pid: child.pid, during: (work) => Promise.race([work, death]), stop: child.stop };
  } catch (error) {
    await child.stop();
    throw new Error(`${(error as Error).message}\n${child.stdout()}${child.stderr()}`, { cause: error });
  }
}

function argsOf(name: SubjectName, { repository, modelPath }: Workload, answer: unknown): string[] {
  if (name === 'millrace') return millraceArgs(repository);
  const kind = name.startsWith('handler') ? 'handler' : 'constant';
  const options: AppOptions = { kind, fast: name.endsWith('-fast'), modelPath, answer };
  return [scripts.express, JSON.stringify(options)];
}

function millraceArgs(repository: string): string[] {
  return [scripts.millrace, 'serve', '--models', repository, '--port', '0', '--grpc-port', 'off'];
}

async function untilReady(name: SubjectName, child: Child): Promise<string> {
  let ended = false;
  const end = () => {
    ended = true;
  };
  void child.ended.then(end, end);
  for (;;) {
    if (ended) throw new Error(`${name} ended instead of serving`);
    const url = listeningUrl(child.stdout());
    // The baselines have loaded their model when they listen.
    if (url !== undefined && (name !== 'millrace' || (await fetch(`${url}/healthz/ready`)).ok)) return url;
    await pause(POLL_MS);
  }
}

function listeningUrl(output: string): string | undefined {
  const lines = output.slice(0, output.lastIndexOf('\n') + 1).split('\n');
  const line = lines.find((line) => line.includes('"msg":"listening"'));
  return line === undefined ? undefined : (JSON.parse(line) as { url: string }).url;
}
