import type { Timings } from '../core/events.js';
import type { JobOutcome } from '../jobs/job-request.js';
import { toMicros } from './prediction-answers.js';
import { problemOf } from './problem.js';

/** What the answer to a prediction says of the request. */
export interface AnsweredRequest {
  readonly id: string;
  /** As the request named it. */
  readonly model: string;
  readonly version: string;
  /** Whether its items came as a list, and so are answered as one. */
  readonly isList: boolean;
}

/** What came of an item, with its output as JSON if it succeeded. */
export interface ItemOutcome {
  readonly outcome: JobOutcome;
  readonly output: string;
}

/**
 * Writes the answer to a prediction as JSON. In a list an item that failed is an error among the others.
 *
 * @throws MillraceError the error of a single item
 */
export function predictionText(
  { id, model, version, isList }: AnsweredRequest,
  items: readonly ItemOutcome[],
  requestId: string,
): string {
  const head = `{"id":${JSON.stringify(id)},"model":"${model}","version":"${version}"`;
  if (isList) return `${head},"outputs":[${items.map((item) => `{${itemText(item, requestId)}}`).join(',')}]}`;
  const [item] = items;
  if (item === undefined) throw new Error('a prediction without an item');
  if (item.outcome.state !== 'succeeded') throw item.outcome.error;
  return `${head},${itemText(item, requestId)}}`;
}

/** The members that an item's answer has of its own. */
function itemText({ outcome, output }: ItemOutcome, requestId: string): string {
  if (outcome.state === 'succeeded') return `"output":${output},${figures(outcome)}`;
  return `"error":${JSON.stringify(problemOf(outcome.error, requestId))}`;
}

function figures({ timings, batchSize }: { timings: Timings; batchSize: number }): string {
  const { queue, preprocess, inference, postprocess, total } = timings;
  return (
    `"timings_ms":{"queue":${toMicros(queue)},"preprocess":${toMicros(preprocess)},"inference":${toMicros(inference)},` +
    `"postprocess":${toMicros(postprocess)},"total":${toMicros(total)}},"batch_size":${batchSize}`
  );
}
