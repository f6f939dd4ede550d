import { isDeepStrictEqual } from 'node:util';
import { requestForms } from './request-form.js';
import type { Subject } from './served.js';
import { startSubject } from './subjects.js';
import { isClose, type Workload } from './workload.js';

/** Each body is sent so often at the same time, so that batches form. */
const COPIES = 4;
const LIMIT_MS = 30_000;

type Asked = Pick<Subject, 'name' | 'url' | 'path' | 'form' | 'constant'>;

/**
 * Sends each body, several times and all at once, and looks at every answer: a model's outputs within the tolerance,
 * or the constant.
 *
 * @returns the answer to the first body
 * @throws Error about the first answer that is wrong
 */
export async function verifyAnswers(subject: Asked, workload: Workload): Promise<unknown> {
  const { name, constant } = subject;
  const { texts } = workload.bodies[subject.form];
  const requests = Array.from({ length: COPIES }, () => texts).flat();
  const answers = await Promise.all(requests.map((body) => ask(subject.url + subject.path, body)));
  for (const [index, { status, answer }] of answers.entries()) {
    const wanted = workload.expected[index % texts.length];
    const outputs = requestForms[subject.form].outputs(answer, workload.outputName);
    const isRight =
      constant === undefined ? wanted !== undefined && isClose(outputs, wanted) : isDeepStrictEqual(answer, constant);
    if (status === 200 && isRight) continue;
    const got = JSON.stringify(answer).slice(0, 400);
    throw new Error(`${name} answers ${workload.name} item ${index % texts.length} wrongly: ${status} ${got}`);
  }
  return answers[0]?.answer;
}

/** One right answer of millrace, for the constant apps. */
export async function sampleAnswer(workload: Workload): Promise<unknown> {
  const subject = await startSubject('millrace', workload);
  try {
    return await verifyAnswers(subject, workload);
  } finally {
    await subject.stop();
  }
}

async function ask(url: string, body: string): Promise<{ status: number; answer: unknown }> {
  const headers = { 'content-type': 'application/json' };
  const signal = AbortSignal.timeout(LIMIT_MS);
  const response = await fetch(url, { method: 'POST', headers, body, signal });
  return { status: response.status, answer: await response.json() };
}
