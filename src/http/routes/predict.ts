import type { TimeLimits } from '../../core/abort.js';
import { toMillraceError } from '../../core/errors.js';
import type { EventSink } from '../../core/events.js';
import type { IdSource } from '../../core/ids.js';
import { routingKeyOf } from '../../core/routing-key.js';
import type { JobOutcome, JobRequest } from '../../jobs/job-request.js';
import type { JobService } from '../../jobs/job-service.js';
import type { Target } from '../../serving/model-entry.js';
import type { ModelResult } from '../../serving/model-input.js';
import type { ModelManager, ModelQuery } from '../../serving/model-manager.js';
import type { BodyBudget } from '../body-budget.js';
import { scanDocument } from '../document-scanner.js';
import { type ItemForm, type ItemPlace, itemFormOf } from '../item-form.js';
import type { HttpLimits } from '../limits.js';
import { predictionOperations } from '../openapi/prediction-operations.js';
import { type PredictBody, PredictBodyReader } from '../predict-body.js';
import { type PredictRequest, readEnvelope, targetOf, timeLimitsFrom } from '../predict-envelope.js';
import { type AnsweredRequest, type ItemOutcome, predictionText } from '../prediction-text.js';
import type { RequestContext } from '../request-context.js';
import { withControls } from '../request-controls.js';
import { type Exchange, type Route, sendText } from '../route.js';

export interface PredictServices {
  readonly models: ModelManager;
  readonly jobs: JobService;
  readonly ids: IdSource;
  readonly events: EventSink;
  readonly bodies: BodyBudget;
  readonly limits: HttpLimits;
}

/** POST /predict, and the same with the model in the path. */
export function predictRoutes(services: PredictServices): Route[] {
  const bodies = new PredictBodyReader(services);
  const handle: Route['handle'] = (exchange) => predict(exchange, bodies, services);
  return Object.values(predictionOperations).map((operation) => ({ ...operation, handle }));
}

async function predict(exchange: Exchange, bodies: PredictBodyReader, services: PredictServices): Promise<void> {
  const { request, response, context } = exchange;
  const { query } = request;
  const body = await bodies.read(request, { params: request.params as Record<string, string>, query });
  // The client may have left while its body was inflated.
  if (context.error !== undefined) throw context.error;
  const begun = begin(body, exchange, services);
  const prediction = begun instanceof Promise ? await begun : begun;
  const outcomes = await prediction.outcomes;
  // The client has left, or the answer was begun by somebody who ends the connection.
  if (!response.destroyed) sendText(response, 200, predictionText(prediction, outcomes, context.id));
}

/** The jobs of one request, on their way. */
interface Prediction extends AnsweredRequest {
  readonly outcomes: Promise<ItemOutcome[]>;
}

/** A request that was read, and what it is for. */
interface AskedRequest {
  readonly envelope: PredictRequest;
  readonly query: ModelQuery;
  readonly target: Target;
  readonly limits: TimeLimits;
  /** Of the whole body. */
  readonly bytes: number;
}

/**
 * Reads a request and submits its jobs, at once if the model is loaded; what is not needed for the answer is let go of
 * here, since many wait for theirs.
 */
function begin(body: PredictBody, exchange: Exchange, services: PredictServices): Prediction | Promise<Prediction> {
  const asked = readRequest(body, exchange, services);
  if (asked.target.model.state === 'READY') return startJobs(asked, exchange, services);
  return whenLoaded(asked, exchange, services).then((target) => startJobs({ ...asked, target }, exchange, services));
}

function readRequest(body: PredictBody, { request, context }: Exchange, services: PredictServices): AskedRequest {
  // Also one that does not count is refused if it is wrong: nobody sends it for nothing.
  const said = timeLimitsFrom(request.headers);
  const envelope =
    body.kind === 'json'
      ? withControls(readEnvelope(scanDocument(body.body), services.limits.max_rows), body.controls)
      : body.envelope;
  const { name, version } = targetOf(envelope, body.named);
  const query = { name, version, key: routingKeyOf(request.headers['x-routing-key'], context.tenant) };
  const target = findModel(query, envelope, services);
  const limits = { ...said, timeoutMs: envelope.timeoutMs ?? said.timeoutMs ?? target.model.limits.timeoutMs };
  return { envelope, query, target, limits, bytes: body.bytes };
}

/** Waits for the model to load, as long as the request has time and its client is there. */
async function whenLoaded(
  { envelope, query, target, limits, bytes }: AskedRequest,
  { context }: Exchange,
  { models, events }: PredictServices,
): Promise<Target> {
  const rows = envelope.items.length;
  const { ready, leave } = models.wait(target, query, {
    timeoutMs: limits.timeoutMs,
    receivedAt: context.receivedAt,
    rows,
    bytes,
  });
  context.onGone = leave;
  return ready.catch((error: unknown) => {
    const { code } = toMillraceError(error);
    events.emit('jobRejected', { ...target.model.ref, jobId: envelope.id ?? '', rows, code });
    throw error;
  });
}

function startJobs(
  { envelope, target, limits, bytes }: AskedRequest,
  { context }: Exchange,
  services: PredictServices,
): Prediction {
  const { model } = target;
  const id = envelope.id ?? services.ids();
  try {
    const outcomes = submitItems(target, { id, limits, envelope, context, bytes }, services.jobs);
    return { id, model: target.name, version: model.ref.version, isList: envelope.isList, outcomes };
  } catch (error) {
    // A single item that does not fit is refused before it becomes a job; the job service tells of its own refusals.
    const { code } = toMillraceError(error);
    if (code === 'INVALID_INPUT' || code === 'UNSUPPORTED_MEDIA_TYPE')
      services.events.emit('jobRejected', { ...model.ref, jobId: id, rows: 1, code });
    throw error;
  }
}

/** Finds the model; that one is known but cannot be used is told like any other refusal of a job. */
function findModel(query: ModelQuery, { id = '', items }: PredictRequest, { models, events }: PredictServices): Target {
  try {
    return models.find(query);
  } catch (error) {
    const { code } = toMillraceError(error);
    if (code === 'MODEL_UNAVAILABLE') {
      const { name: model, version = '' } = query;
      events.emit('jobRejected', { model, version, jobId: id, rows: items.length, code });
    }
    throw error;
  }
}

interface PredictJobs {
  readonly id: string;
  readonly limits: TimeLimits;
  readonly envelope: PredictRequest;
  readonly context: RequestContext;
  /** Of the whole body. */
  readonly bytes: number;
}

/**
 * Submits each item as a job of its own; settles with the outcomes in the items' order. An item of a list that does
 * not fit the model is a failed job among the others; a single one is refused before it becomes a job.
 */
function submitItems(
  target: Target,
  { id, limits, envelope, context, bytes }: PredictJobs,
  jobs: JobService,
): Promise<ItemOutcome[]> {
  const { items, isList, priority } = envelope;
  const { receivedAt, tenant } = context;
  const form = itemFormOf(target);
  const itemBytes = Math.ceil(bytes / items.length);
  const outcomes = new Array<ItemOutcome>(items.length);
  let left = items.length;
  let finish: (outcomes: ItemOutcome[]) => void = () => undefined;
  const finished = new Promise<ItemOutcome[]>((resolve) => {
    finish = resolve;
  });
  const requests = items.map((item, index): JobRequest => {
    const place = { path: isList ? `inputs[${index}]` : 'input', bytes: itemBytes };
    const input = isList ? readOrError(form, item, place) : form.read(item, place);
    let output = '';
    const encode = (outputs: ModelResult['outputs']) => {
      output = form.write(outputs);
    };
    const deliver = (outcome: JobOutcome) => {
      outcomes[index] = { outcome, output };
      left -= 1;
      if (left === 0) finish(outcomes);
    };
    const jobId = isList ? `${id}.${index}` : id;
    return {
      id: jobId,
      tenant,
      input,
      endpoint: { kind: 'response', encode, deliver },
      priority,
      ...limits,
      receivedAt,
    };
  });
  const handles = jobs.submit(target.model, requests, isList ? id : undefined);
  context.onGone = (reason) => {
    for (const handle of handles) handle.cancel(reason);
  };
  return finished;
}

function readOrError(form: ItemForm, item: unknown, place: ItemPlace): JobRequest['input'] {
  try {
    return form.read(item, place);
  } catch (error) {
    return toMillraceError(error);
  }
}
