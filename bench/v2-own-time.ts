/*
 * What millrace itself takes for a binary request of one picture's floats, at one connection: from the last byte of the
 * body to `response.end()`, less what the execution took. The server runs in this thread, to be listened to; its client
 * in another.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { createServer, type Millrace } from '#src/server.js';
import type { V2ClientOptions, V2ClientResult } from './v2-client.js';

/** Milliseconds at the median. */
export interface OwnTime {
  readonly ownMs: number;
  /** As the client saw the whole request. */
  readonly wholeMs: number;
}

const client = fileURLToPath(new URL('./v2-client.js', import.meta.url));

/**
 * @param models a repository with a model `pixels`
 * @param body of the requests, of which the first so many bytes are JSON
 */
export async function measureOwnTime(
  models: string,
  { body, jsonBytes, seconds }: { body: Buffer; jsonBytes: number; seconds: number },
): Promise<OwnTime> {
  const millrace = await createServer({ models, port: 0, instances: 1, log: { level: 'silent' } });
  try {
    await millrace.loaded;
    const url = await millrace.listen();
    const watched = watch(millrace);
    const options: V2ClientOptions = { url: `${url}/v2/models/pixels/infer`, body, jsonBytes, seconds };
    const result = await new Promise<V2ClientResult>((resolve, reject) => {
      new Worker(client, { workerData: options }).once('message', resolve).once('error', reject);
    });
    // The first half is for warming up.
    const { answered, executed } = watched;
    const own = answered.map((ms, index) => ms - (executed[index] ?? ms)).slice(answered.length >> 1);
    return { ownMs: median(own), wholeMs: median(result.wholeMs.slice(result.wholeMs.length >> 1)) };
  } finally {
    await millrace.close();
  }
}

/** Milliseconds of each request and of each execution, in order: with one connection the one is the other's. */
function watch(millrace: Millrace): { answered: number[]; executed: number[] } {
  const answered: number[] = [];
  const executed: number[] = [];
  millrace.server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    let lastByteAt = 0;
    request.on('data', () => {
      lastByteAt = performance.now();
    });
    const end = response.end.bind(response) as (...args: unknown[]) => ServerResponse;
    response.end = ((...args: unknown[]) => {
      answered.push(performance.now() - lastByteAt);
      return end(...args);
    }) as typeof response.end;
  });
  millrace.observe({
    name: 'bench',
    maxLoopShare: 1,
    on: {
      batchExecuted: ({ computeInputMs, computeInferMs, computeOutputMs }) => {
        executed.push(computeInputMs + computeInferMs + computeOutputMs);
      },
    },
  });
  return { answered, executed };
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
