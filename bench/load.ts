import { fileURLToPath } from 'node:url';
import autocannon, { type Result } from 'autocannon';
import { runProcess, startProcess } from './processes.js';
import type { Workload } from './workload.js';

/** What clients saw who each send the next request when the last was answered. */
export interface LoadResult {
  /** Requests that were answered. */
  readonly requests: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly non2xx: number;
  readonly socketErrors: number;
  readonly timeouts: number;
}

export interface Load {
  readonly url: string;
  readonly workload: Workload;
  readonly connections: number;
  readonly seconds: number;
}

export interface LoadGenerator {
  /** With its version, where it tells. */
  readonly name: string;
  run(load: Load): Promise<LoadResult>;
}

const TIMEOUT_SECONDS = 10;
/** Beyond its time, for connecting and ending. */
const SPARE_MS = 30_000;
const script = fileURLToPath(new URL('../../bench/post.lua', import.meta.url));

/** wrk where it is installed, else autocannon: that one takes far more of the processor itself. */
export async function findLoadGenerator(): Promise<LoadGenerator> {
  const version = startProcess('wrk', ['-v'], { cwd: '.' });
  try {
    await version.ended;
    return { name: /^wrk \S+/.exec(version.stdout())?.[0] ?? 'wrk', run: runWrk };
  } catch {
    return { name: 'autocannon', run: runAutocannon };
  }
}

/** What went wrong under a load, as text; undefined if nothing did. */
export function faultOf({ requests, non2xx, socketErrors, timeouts }: LoadResult): string | undefined {
  const faults = [
    non2xx > 0 ? `${non2xx} answers other than 2xx` : [],
    socketErrors > 0 ? `${socketErrors} socket errors` : [],
    timeouts > 0 ? `${timeouts} timeouts` : [],
    requests === 0 ? 'no answer at all' : [],
  ].flat();
  return faults.length === 0 ? undefined : faults.join(', ');
}

/** Files to send as they are, in turn: those called 0 to `count` - 1 in a folder. */
export interface FileLoad {
  /** With its path. */
  readonly url: string;
  readonly type: string;
  /** One more, such as `Name: value`. */
  readonly header?: string;
  readonly files: string;
  readonly count: number;
  readonly connections: number;
  readonly seconds: number;
}

/** Sends files with wrk. */
export async function loadFiles({
  url,
  type,
  header = '',
  files,
  count,
  connections,
  seconds,
}: FileLoad): Promise<LoadResult> {
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', `${TIMEOUT_SECONDS}s`, '-s', script, url];
  const env = { BODIES: files, COUNT: String(count), CONTENT_TYPE: type, HEADER: header };
  return wrkResult(await runProcess('wrk', args, { cwd: files, env, limitMs: seconds * 1e3 + SPARE_MS }));
}

async function runWrk({ url, workload, connections, seconds }: Load): Promise<LoadResult> {
  const { bodiesDir: files, bodies } = workload;
  const load = { type: 'application/json', files, count: bodies.length, connections, seconds };
  return loadFiles({ url: `${url}/predict`, ...load });
}

function wrkResult(output: string): LoadResult {
  const [, result] = /^RESULT (.*)$/m.exec(output) ?? [];
  if (result === undefined) throw new Error(`wrk gave no result:\n${output}`);
  return JSON.parse(result) as LoadResult;
}

async function runAutocannon({ url, workload, connections, seconds }: Load): Promise<LoadResult> {
  const headers = { 'content-type': 'application/json' };
  const requests = workload.bodies.map((body) => ({ method: 'POST' as const, headers, body }));
  const options = { url: `${url}/predict`, connections, duration: seconds, timeout: TIMEOUT_SECONDS, requests };
  // Its own histogram knows only whole milliseconds.
  const latencies: number[] = [];
  const result = await new Promise<Result>((resolve, reject) => {
    const instance = autocannon(options, (error, result) => (error === null ? resolve(result) : reject(error)));
    instance.on('response', (_client, _status, _bytes, milliseconds) => latencies.push(milliseconds));
  });
  latencies.sort((a, b) => a - b);
  const percentile = (share: number) => latencies[Math.floor(latencies.length * share)] ?? 0;
  // It connects anew without a word when a server hangs up; at the end each connection has one request left.
  const lost = Math.max(0, result.requests.sent - latencies.length - connections);
  return {
    requests: latencies.length,
    seconds: result.duration,
    p50Ms: percentile(0.5),
    p99Ms: percentile(0.99),
    non2xx: result.non2xx,
    socketErrors: Math.max(lost - result.timeouts, result.errors - result.timeouts),
    timeouts: result.timeouts,
  };
}
