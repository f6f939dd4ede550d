import { execFileSync } from 'node:child_process';
import { instancesSchema } from '#src/runtime/runtime-config.js';
import type { SpawnedServer } from '../support/spawned-server.js';

/** A way to end one of a server's instances, whatever it is doing. */
export interface Strategy {
  readonly name: string;
  /** What model.yaml says under `instances`, beside their number. */
  readonly instances: Readonly<Record<string, string>>;
  /** Environment of the server. */
  readonly env: Readonly<Record<string, string>>;
  kill(server: SpawnedServer): void;
}

const killThreads = new URL('./kill-threads.js', import.meta.url).href;

const all: readonly Strategy[] = [
  {
    name: 'thread',
    instances: { isolation: 'thread' },
    env: { NODE_OPTIONS: `--import=${killThreads}` },
    kill: (server) => server.signal('SIGUSR2'),
  },
  {
    name: 'process',
    instances: { isolation: 'process' },
    env: {},
    kill: ({ pid }) => {
      const children = childrenOf(pid);
      const victim = children[Math.floor(Math.random() * children.length)];
      if (victim !== undefined) killIfThere(victim);
    },
  },
];

/** Those whose instances this server has. */
export const strategies = all.filter(({ instances }) => instancesSchema.safeParse(instances).success);

function childrenOf(pid: number): number[] {
  try {
    const list = execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' });
    return list.trim().split(/\s+/).map(Number);
  } catch {
    // None: all of them are just being replaced.
    return [];
  }
}

/** It may have ended by itself meanwhile. */
function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
