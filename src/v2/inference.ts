import type { TimeLimits } from '../core/abort.js';
import { type MillraceError, toMillraceError } from '../core/errors.js';
import type { EventSink } from '../core/events.js';
import type { IdSource } from '../core/ids.js';
import type { Endpoint, JobRequest } from '../jobs/job-request.js';
import type { JobService } from '../jobs/job-service.js';
import type { Target } from '../serving/model-entry.js';
import type { ModelManager, ModelQuery } from '../serving/model-manager.js';
import type { InferAnswer, InferRequest } from './infer-request.js';
import { checkOutputs } from './input-checks.js';
import type { UnreadRequest } from './model-io.js';
import { findTarget, inTritonsWords } from './model-lookup.js';
import { scheduleFrom } from './schedule.js';
import { ioOf } from './target-io.js';

export interface InferenceServices {
  readonly models: ModelManager;
  readonly jobs: JobService;
  /** For jobs: nobody can guess that of another. */
  readonly ids: IdSource;
  readonly events: EventSink;
  /** Rows of one request, at most. */
  readonly maxRows: number;
}

/** Who asks, when, and how the answer goes out. */
export interface InferCall<Encoded> {
  readonly tenant: string | undefined;
  /** Requests of one key that name no version go to the same one; undefined for a client that has none. */
  readonly routingKey: string | undefined;
  /** When the request arrived, on the clock. */
  readonly receivedAt: number;
  /** How long the caller waits, where its protocol says so; the request's own word comes first. */
  readonly timeLimits: Partial<TimeLimits>;
  /**
   * Takes the answer into the caller's form before the job has succeeded.
   *
   * @throws MillraceError if that form cannot carry it; the job has failed with it then
   */
  encode(answer: InferAnswer): Encoded;
}

/** A request on its way. */
export interface Inference<Encoded> {
  /** Rejects with the MillraceError of a job that did not succeed. */
  readonly result: Promise<Encoded>;
  /** Ends the job with `error`; nothing happens if it has settled. */
  cancel(error: MillraceError): void;
}

/** Runs requests of the Open Inference Protocol, each as one job of all its rows. */
export class InferenceService {
  readonly #services: InferenceServices;

  constructor(services: InferenceServices) {
    this.#services = services;
  }

  /**
   * Submits a request, at once if its model is loaded. Never throws: whatever is wrong with it is what its result
   * rejects with.
   */
  infer<Encoded>(request: InferRequest | UnreadRequest, call: InferCall<Encoded>): Inference<Encoded> {
    let cancel: Inference<Encoded>['cancel'] = () => undefined;
    const result = new Promise<Encoded>((resolve, reject) => {
      const query = { name: request.model, version: request.version, key: call.routingKey };
      const target = this.#find(query);
      const { priority, timeoutMs = call.timeLimits.timeoutMs ?? target.model.limits.timeoutMs } = scheduleFrom(
        request.parameters,
      );
      const submit = (found: Target) => {
        const job = this.#jobOf(request, found, { call, priority, timeoutMs, resolve, reject });
        const [handle] = this.#services.jobs.submit(found.model, [job]);
        cancel = (error) => handle?.cancel(error);
      };
      if (target.model.state === 'READY') {
        submit(target);
        return;
      }
      // How many rows it has only the loaded model can say.
      const waiting = { timeoutMs, receivedAt: call.receivedAt, rows: 1, bytes: bytesOf(request) };
      const wait = this.#services.models.wait(target, query, waiting);
      cancel = wait.leave;
      const refuse = (error: unknown) => reject(this.#refusal(error, target, query));
      wait.ready.then(submit, refuse).catch(reject);
    });
    return { result, cancel: (error) => cancel(error) };
  }

  /** Finds the model; that one is known but cannot be used is told like any other refusal of a job. */
  #find(query: ModelQuery): Target {
    const { models, events } = this.#services;
    try {
      return findTarget(models, query);
    } catch (error) {
      const { code } = toMillraceError(error);
      const { name: model, version = '' } = query;
      if (code === 'MODEL_UNAVAILABLE') events.emit('jobRejected', { model, version, jobId: '', rows: 1, code });
      throw error;
    }
  }

  /** What a request is told that has waited for its model in vain. */
  #refusal(thrown: unknown, { model }: Target, query: ModelQuery): MillraceError {
    const error = inTritonsWords(toMillraceError(thrown), query);
    this.#services.events.emit('jobRejected', { ...model.ref, jobId: '', rows: 1, code: error.code });
    return error;
  }

  #jobOf<Encoded>(
    asked: InferRequest | UnreadRequest,
    target: Target,
    { call, priority, timeoutMs, resolve, reject }: Settling<Encoded>,
  ): JobRequest {
    const { model } = target;
    const { tenant, receivedAt, timeLimits } = call;
    const { ids, events } = this.#services;
    const id = ids();
    try {
      const io = ioOf(target);
      const request = 'read' in asked ? asked.read(io) : asked;
      checkOutputs(request.outputs, io.outputs, request.model);
      const maxRows = model.limits.maxRows ?? this.#services.maxRows;
      const input = io.read(request.inputs, { model: request.model, maxRows });
      const head = { id: request.id, model: request.model, version: model.ref.version };
      // Not the request, which holds the tensors.
      const { outputs: wanted } = request;
      let encoded: Encoded | undefined;
      const endpoint: Endpoint = {
        kind: 'response',
        encode: (outputs) => {
          encoded = call.encode({ ...head, outputs: io.write(outputs, wanted) });
        },
        deliver: (outcome) => {
          if (outcome.state === 'succeeded') resolve(encoded as Encoded);
          else reject(outcome.error);
        },
      };
      return { id, tenant, input, endpoint, priority, ...timeLimits, timeoutMs, receivedAt };
    } catch (error) {
      // What does not fit is refused before it becomes a job; the job service tells of its own refusals.
      const { code } = toMillraceError(error);
      if (code === 'INVALID_INPUT') events.emit('jobRejected', { ...model.ref, jobId: id, rows: 1, code });
      throw error;
    }
  }
}

interface Settling<Encoded> {
  readonly call: InferCall<Encoded>;
  readonly priority: number;
  readonly timeoutMs: number;
  resolve(encoded: Encoded): void;
  reject(error: MillraceError): void;
}

/** What a request holds while it waits. */
function bytesOf(request: InferRequest | UnreadRequest): number {
  if ('read' in request) return request.bytes;
  return request.inputs.reduce((sum, { data }) => {
    return sum + ('byteLength' in data ? data.byteLength : data.reduce((bytes, { length }) => bytes + length, 0));
  }, 0);
}
