import type { Clock } from '../../core/clock.js';
import { MillraceError, toMillraceError } from '../../core/errors.js';
import type { Timings } from '../../core/events.js';
import type { IdSource } from '../../core/ids.js';
import type { JobOutcome, JobRequest } from '../../jobs/job.js';
import type { JobService } from '../../jobs/job-service.js';
import type { ModelManager } from '../../serving/model-manager.js';
import type { LoadedModel, ServedModel } from '../../serving/served-model.js';
import { expectJson, parseJson, readBody } from '../body.js';
import { ItemDecoder } from '../item-decoder.js';
import { encodeItem } from '../item-encoder.js';
import type { HttpLimits } from '../limits.js';
import { type PredictRequest, readEnvelope } from '../predict-envelope.js';
import { problemOf } from '../problem.js';
import { type Exchange, type Route, sendText } from '../route.js';

export interface PredictServices {
  readonly models: ModelManager;
  readonly jobs: JobService;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly limits: HttpLimits;
}

/** POST /predict, and the same with the model in the path. */
export function predictRoutes(services: PredictServices): Route[] {
  const route = (path: string): Route => ({
    method: 'post',
    path,
    scope: 'infer',
    handle: (exchange) => predict(exchange, services),
  });
  return [route('/predict'), route('/models/:name/predict'), route('/models/:name/versions/:version/predict')];
}

async function predict(exchange: Exchange, services: PredictServices): Promise<void> {
  const { request, response, context } = exchange;
  expectJson(request);
  const body = await readBody(request, services.limits.body_bytes);
  const envelope = readEnvelope(parseJson(body), services.limits.max_rows);
  const { name, version } = targetOf(envelope, request.params as Record<string, string>);
  const model = services.models.resolve(name, version);
  const timeoutMs =
    envelope.timeoutMs ?? timeoutFrom(request.headers['x-request-timeout-ms']) ?? model.limits.timeoutMs;
  const id = envelope.id ?? services.ids();
  const outcomes = await runItems(
    model,
    { id, timeoutMs, envelope, receivedAt: context.receivedAt },
    exchange,
    services,
  );
  // The client has left, or the answer was begun by somebody who ends the connection.
  if (response.destroyed) return;
  const { model: modelName, version: servedVersion } = model.ref;
  const head = `{"id":${JSON.stringify(id)},"model":"${modelName}","version":"${servedVersion}"`;
  const { axes } = (model.loaded as LoadedModel).plan;
  if (!envelope.isList) {
    const outcome = outcomes[0] as JobOutcome;
    if (outcome.state !== 'succeeded') throw outcome.error;
    sendText(response, 200, `${head},"output":${encodeItem(outcome.outputs, axes)},${figures(outcome)}}`);
    return;
  }
  const items = outcomes.map((outcome) => {
    try {
      if (outcome.state !== 'succeeded') throw outcome.error;
      return `{"output":${encodeItem(outcome.outputs, axes)},${figures(outcome)}}`;
    } catch (error) {
      return JSON.stringify({ error: problemOf(toMillraceError(error), context.id) });
    }
  });
  sendText(response, 200, `${head},"outputs":[${items.join(',')}]}`);
}

interface PredictJobs {
  readonly id: string;
  readonly timeoutMs: number;
  readonly envelope: PredictRequest;
  readonly receivedAt: number;
}

/**
 * Runs each item as a job of its own; settles with the outcomes in the items' order. An item of a list that does not
 * fit the model is a failed job among the others; a single one is refused before it becomes a job.
 */
async function runItems(
  model: ServedModel,
  { id, timeoutMs, envelope, receivedAt }: PredictJobs,
  { context }: Exchange,
  { jobs }: PredictServices,
): Promise<JobOutcome[]> {
  const { items, isList, priority } = envelope;
  const decoder = decoderFor(model.loaded as LoadedModel);
  const outcomes: Promise<JobOutcome>[] = [];
  const requests = items.map((item, index): JobRequest => {
    const { promise, resolve } = withResolver<JobOutcome>();
    outcomes.push(promise);
    const input = isList ? decodeOrError(decoder, item, `inputs[${index}]`) : decoder.decode(item, 'input');
    const endpoint = { kind: 'response', deliver: resolve } as const;
    return { id: isList ? `${id}.${index}` : id, input, endpoint, priority, timeoutMs, receivedAt };
  });
  const handles = jobs.submit(model, requests, isList ? id : undefined);
  context.onGone = (reason) => {
    for (const handle of handles) handle.cancel(reason);
  };
  return Promise.all(outcomes);
}

function decodeOrError(decoder: ItemDecoder, item: unknown, path: string): JobRequest['input'] {
  try {
    return decoder.decode(item, path);
  } catch (error) {
    return toMillraceError(error);
  }
}

const decoders = new WeakMap<LoadedModel, ItemDecoder>();

function decoderFor(loaded: LoadedModel): ItemDecoder {
  const known = decoders.get(loaded);
  if (known !== undefined) return known;
  const decoder = new ItemDecoder(loaded.signature, loaded.plan.axes);
  decoders.set(loaded, decoder);
  return decoder;
}

/** The model and version that a request names: in the path, or in the body, and not two different ones. */
function targetOf(
  { model, version }: PredictRequest,
  params: Record<string, string>,
): { name: string; version: string | undefined } {
  const name = params['name'] ?? model;
  if (name === undefined) {
    const details = { path: 'model', expected: 'the name of a model that GET /models lists', got: 'nothing' };
    throw new MillraceError('INVALID_REQUEST', 'The request names no model.', details);
  }
  for (const [path, inBody, inPath] of [
    ['model', model, params['name']],
    ['version', version, params['version']],
  ] as const) {
    if (inBody === undefined || inPath === undefined || inBody === inPath) continue;
    const text = `The body names another ${path} than the path.`;
    throw new MillraceError('INVALID_REQUEST', text, {
      path,
      expected: inPath.slice(0, 128),
      got: inBody.slice(0, 128),
    });
  }
  return { name, version: params['version'] ?? version };
}

/** @throws MillraceError INVALID_REQUEST if the header is there and is no whole number of milliseconds */
function timeoutFrom(header: string | string[] | undefined): number | undefined {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && /^[1-9]\d{0,7}$/.test(header)) return Number(header);
  throw new MillraceError('INVALID_REQUEST', 'The timeout is not a whole number of milliseconds.', {
    path: 'headers.x-request-timeout-ms',
    expected: 'a whole number from 1 to 99999999',
    got: String(header).slice(0, 40),
  });
}

function figures({ timings, batchSize }: { timings: Timings; batchSize: number }): string {
  const { queue, preprocess, inference, postprocess, total } = timings;
  const [q, pre, inf, post, all] = [queue, preprocess, inference, postprocess, total].map(
    (ms) => Math.round(ms * 1e3) / 1e3,
  );
  return `"timings_ms":{"queue":${q},"preprocess":${pre},"inference":${inf},"postprocess":${post},"total":${all}},"batch_size":${batchSize}`;
}

function withResolver<Value>(): { promise: Promise<Value>; resolve: (value: Value) => void } {
  let resolve: (value: Value) => void = () => undefined;
  const promise = new Promise<Value>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
