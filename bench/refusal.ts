/*
 * `npm run bench -- refusal`: what it costs to refuse a request for which the queue has no room, or which would wait too
 * long: from the job request to the error that says when to come again. One thread, no server.
 */
import { systemClock } from '#src/core/clock.js';
import { noEvents } from '#src/core/events.js';
import type { JobProcessor, JobRequest } from '#src/jobs/job-request.js';
import { JobService } from '#src/jobs/job-service.js';
import { markdownTable } from './figures.js';

const REFUSALS = 20_000;
const ROUNDS = 7;
/** What no refusal may cost. */
const LIMIT_US = 100;
const CONCURRENCY = 64;

/** Prints a table; a refusal that costs too much is a missed target. */
export async function benchRefusal(): Promise<void> {
  const rows: string[][] = [];
  for (const waiting of [1_000, 10_000, 100_000]) {
    const full = serviceWith(waiting, waiting);
    const long = serviceWith(waiting, 2 * waiting);
    await drainSome(long);
    rows.push([String(waiting), 'the queue is full', ...measure(full, 30_000)]);
    rows.push([String(waiting), 'it would wait too long', ...measure(long, 1)]);
  }
  const header = ['jobs in the queue', 'refused because', 'median µs', 'worst round µs', `below ${LIMIT_US} µs`];
  console.log(markdownTable(header, rows, 2));
}

interface Backlog {
  readonly service: JobService;
  readonly processor: JobProcessor;
  readonly ends: (() => void)[];
}

/** A service with so many jobs in one queue; the model ends each when it is told to. */
function serviceWith(jobs: number, queueRows: number): Backlog {
  const ends: (() => void)[] = [];
  const processor: JobProcessor = {
    ref: { model: 'm', version: '1' },
    limits: { queueRows, queueBytes: 1e12 },
    concurrency: CONCURRENCY,
    infer: () =>
      new Promise((resolve) => {
        ends.push(() => resolve({ outputs: {}, batchRows: 1, waitedMs: 0, inferenceMs: 0 }));
      }),
  };
  const service = new JobService({ clock: systemClock, events: noEvents });
  for (let job = 0; job < jobs; job += 1) service.submit(processor, [jobRequest(`${job}`, 3_600_000)]);
  return { service, processor, ends };
}

/** Lets some jobs through, so that it is known how fast they go. */
async function drainSome({ ends }: Backlog): Promise<void> {
  for (let round = 0; round < 5; round += 1) {
    for (const end of ends.splice(0, 4)) end();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function jobRequest(id: string, timeoutMs: number): JobRequest {
  return {
    id,
    tenant: undefined,
    input: { rows: 1, inputs: { x: { datatype: 'FP32', shape: [1, 4], data: Float32Array.of(1, 2, 3, 4) } } },
    endpoint: { kind: 'response', deliver: () => undefined },
    priority: 0,
    timeoutMs,
    receivedAt: systemClock.now(),
  };
}

function measure({ service, processor }: Backlog, timeoutMs: number): string[] {
  const rounds = Array.from({ length: ROUNDS }, (_, round) => {
    const start = performance.now();
    for (let index = 0; index < REFUSALS; index += 1) {
      if (!isRefused(service, processor, jobRequest(`${round} ${index}`, timeoutMs)))
        throw new Error('it was accepted');
    }
    return ((performance.now() - start) / REFUSALS) * 1e3;
  }).sort((a, b) => a - b);
  const [median, worst] = [rounds[ROUNDS >> 1] as number, rounds.at(-1) as number];
  return [median.toFixed(1), worst.toFixed(1), worst < LIMIT_US ? 'yes' : 'NO'];
}

function isRefused(service: JobService, processor: JobProcessor, request: JobRequest): boolean {
  try {
    service.submit(processor, [request]);
    return false;
  } catch {
    return true;
  }
}
