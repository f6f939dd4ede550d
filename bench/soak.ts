import { setTimeout as pause } from 'node:timers/promises';
import { faultOf, type LoadGenerator } from './load.js';
import { residentBytes } from './processes.js';
import { startSubject } from './subjects.js';
import { medianOf } from './summary.js';
import { verifyAnswers } from './verify.js';
import type { Workload } from './workload.js';

/** What long load does to the memory of millrace. */
export interface SoakResult {
  readonly connections: number;
  readonly seconds: number;
  readonly perSecond: number;
  /** The median of the samples around the middle; null where the system does not tell. */
  readonly middleRssBytes: number | null;
  /** The median of the last samples. */
  readonly endRssBytes: number | null;
  /** From the middle to the end: 0.1 is 10 %. */
  readonly growth: number | null;
  readonly samples: readonly RssSample[];
}

interface RssSample {
  readonly second: number;
  readonly rssBytes: number;
}

export const SOAK_SECONDS = 120;
const CONNECTIONS = 128;
const SAMPLE_MS = 1_000;
/** The samples of so many seconds make one figure. */
const WINDOW_SECONDS = 10;

/** Loads millrace for two minutes and looks at its memory each second. */
export async function soak(
  workload: Workload,
  generator: LoadGenerator,
  onFault: (text: string) => void,
): Promise<SoakResult> {
  const subject = await startSubject('millrace', workload);
  const samples: RssSample[] = [];
  const stopped = new AbortController();
  try {
    await verifyAnswers(subject, workload);
    const target = { url: subject.url + subject.path, bodies: workload.bodies[subject.form] };
    const sampling = sample(subject.pid, samples, stopped.signal);
    const result = await subject.during(generator.run({ ...target, connections: CONNECTIONS, seconds: SOAK_SECONDS }));
    stopped.abort();
    await sampling;
    const fault = faultOf(result);
    if (fault !== undefined) onFault(`soak, ${workload.name}, ${CONNECTIONS} connections: ${fault}`);
    const middle = windowMedian(samples, (SOAK_SECONDS - WINDOW_SECONDS) / 2);
    const end = windowMedian(samples, SOAK_SECONDS - WINDOW_SECONDS);
    return {
      connections: CONNECTIONS,
      seconds: SOAK_SECONDS,
      perSecond: result.requests / result.seconds,
      middleRssBytes: middle,
      endRssBytes: end,
      growth: middle === null || end === null ? null : end / middle - 1,
      samples,
    };
  } finally {
    stopped.abort();
    await subject.stop();
  }
}

async function sample(pid: number, samples: RssSample[], signal: AbortSignal): Promise<void> {
  const start = performance.now();
  while (!signal.aborted) {
    // Aborted in the middle, it ends as if the time were over.
    await pause(SAMPLE_MS, undefined, { signal }).catch(() => undefined);
    const rssBytes = residentBytes(pid);
    const second = Math.round((performance.now() - start) / 1e3);
    if (rssBytes !== null && !signal.aborted) samples.push({ second, rssBytes });
  }
}

function windowMedian(samples: readonly RssSample[], from: number): number | null {
  const inside = samples.filter(({ second }) => second >= from && second <= from + WINDOW_SECONDS);
  return medianOf(inside.map(({ rssBytes }) => rssBytes)) ?? null;
}
