import { isDeepStrictEqual } from 'node:util';
import { type Subject, startSubject } from './subjects.js';
import { isClose, type Workload } from './workload.js';

/** Each body is sent so often at the same time, so that batches form. */
const COPIES = 4;
const LIMIT_MS = 30_000;

/**
 * Sends each body, several times and all at once, and looks at every answer: a model's outputs within the tolerance,
 * or the constant.
 *
 * @returns the answer to the first body
 * @throws Error about the first answer that is wrong
 */
export async function verifyAnswers({ name, url }: Subject, workload: Workload, constant: unknown): Promise<unknown> {
  const { bodies, expected } = workload;
  const requests = Array.from({ length: COPIES }, () => bodies).flat();
  const answers = await Promise.all(requests.map((body) => ask(url, body)));
  for (const [index, { status, answer }] of answers.entries()) {
    const wanted = expected[index % bodies.length];
    const isRight = name.startsWith('constant')
      ? isDeepStrictEqual(answer, constant)
      : wanted !== undefined && isClose((answer as { output?: unknown } | null)?.output, wanted);
    if (status === 200 && isRight) continue;
    const got = JSON.stringify(answer).slice(0, 400);
    throw new Error(`${name} answers ${workload.name} item ${index % bodies.length} wrongly: ${status} ${got}`);
  }
  return answers[0]?.answer;
}

/** One right answer of millrace, for the constant apps. */
export async function sampleAnswer(workload: Workload): Promise<unknown> {
  const subject = await startSubject('millrace', workload, undefined);
  try {
    return await verifyAnswers(subject, workload, undefined);
  } finally {
    await subject.stop();
  }
}

async function ask(url: string, body: string): Promise<{ status: number; answer: unknown }> {
  const headers = { 'content-type': 'application/json' };
  const signal = AbortSignal.timeout(LIMIT_MS);
  const response = await fetch(`${url}/predict`, { method: 'POST', headers, body, signal });
  return { status: response.status, answer: await response.json() };
}
