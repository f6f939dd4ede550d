import type { TimeLimits } from '../core/abort.js';
import { type MillraceError, toMillraceError } from '../core/errors.js';
import type { EventSink } from '../core/events.js';
import type { IdSource } from '../core/ids.js';
import type { Endpoint, JobRequest } from '../jobs/job-request.js';
import type { JobHandle, JobService } from '../jobs/job-service.js';
import type { ModelManager, Target } from '../serving/model-manager.js';
import type { InferAnswer, InferRequest } from './infer-request.js';
import { checkOutputs } from './input-checks.js';
import { findTarget } from './model-lookup.js';
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
   * Finds the model that a request is for, for those who must know it before they can read the request.
   *
   * @throws MillraceError MODEL_NOT_FOUND, VERSION_NOT_FOUND or MODEL_UNAVAILABLE
   */
  target(model: string, version: string | undefined): Target {
    const { models, events } = this.#services;
    try {
      return findTarget(models, { name: model, version });
    } catch (error) {
      const { code } = toMillraceError(error);
      if (code === 'MODEL_UNAVAILABLE') {
        events.emit('jobRejected', { model, version: version ?? '', jobId: '', rows: 1, code });
      }
      throw error;
    }
  }

  /** Submits a request. Never throws: whatever is wrong with it is what its result rejects with. */
  infer<Encoded>(request: InferRequest, call: InferCall<Encoded>): Inference<Encoded> {
    let handle: JobHandle | undefined;
    const result = new Promise<Encoded>((resolve, reject) => {
      const target = this.target(request.model, request.version);
      const job = this.#jobOf(request, target, { call, resolve, reject });
      [handle] = this.#services.jobs.submit(target.model, [job]);
    });
    return { result, cancel: (error) => handle?.cancel(error) };
  }

  #jobOf<Encoded>(request: InferRequest, target: Target, { call, resolve, reject }: Settling<Encoded>): JobRequest {
    const { model } = target;
    const { tenant, receivedAt, timeLimits } = call;
    const { ids, events } = this.#services;
    const id = ids();
    try {
      const { priority, timeoutMs = timeLimits.timeoutMs ?? model.limits.timeoutMs } = scheduleFrom(request.parameters);
      const io = ioOf(target);
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
  resolve(encoded: Encoded): void;
  reject(error: MillraceError): void;
}
