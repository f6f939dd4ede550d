/* One connection that asks again as soon as it is answered, in a thread of its own. */
import { Agent, request } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';

export interface V2ClientOptions {
  readonly url: string;
  readonly body: Uint8Array;
  readonly jsonBytes: number;
  readonly seconds: number;
}

export interface V2ClientResult {
  /** Of each request, in milliseconds. */
  readonly wholeMs: readonly number[];
}

const { url, body, jsonBytes, seconds } = workerData as V2ClientOptions;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const headers = { 'content-length': body.length, 'inference-header-content-length': jsonBytes };
const wholeMs: number[] = [];
const end = performance.now() + seconds * 1e3;
while (performance.now() < end) {
  const start = performance.now();
  await ask();
  wholeMs.push(performance.now() - start);
}
agent.destroy();
parentPort?.postMessage({ wholeMs } satisfies V2ClientResult);

function ask(): Promise<void> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method: 'POST', agent, headers }, (incoming) => {
      incoming.resume();
      incoming.on('end', () => {
        if (incoming.statusCode === 200) resolve();
        else reject(new Error(`answered with ${incoming.statusCode}`));
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
