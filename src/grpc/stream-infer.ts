import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { Clock } from '../core/clock.js';
import { MillraceError, toMillraceError } from '../core/errors.js';
import type { InferenceService } from '../v2/inference.js';
import { errorText } from '../v2/request-error.js';
import { type CallContext, contextOf } from './call-context.js';
import { statusOf } from './grpc-status.js';
import { inferRequestOf, inferResponseOf } from './infer-codec.js';
import type { InferMessage } from './infer-message.js';
import type { StreamHandler } from './method.js';

export interface StreamServices {
  readonly clock: Clock;
  readonly inference: InferenceService;
  /** Aborts when no further requests of a stream are taken. */
  readonly stopping: AbortSignal;
}

type InferStream = ServerDuplexStream<InferMessage | MillraceError, object>;

/** ModelStreamInfer: requests as they come, answers as they are ready, told apart by their ids. */
export function streamInfer(services: StreamServices): StreamHandler {
  return (stream) => {
    new InferStreamCall(stream as InferStream, services).begin();
  };
}

/** One stream, with the requests of it that are on their way. */
class InferStreamCall {
  readonly #stream: InferStream;
  readonly #services: StreamServices;
  readonly #context: CallContext;
  readonly #cancels = new Set<(reason: MillraceError) => void>();
  /** Triton's clients may ask for errors as the status of the call, which they end, in place of messages. */
  readonly #endsWithErrors: boolean;
  /** What the stream ends with when nothing is on its way any more. */
  #end: (() => void) | undefined;

  constructor(stream: InferStream, services: StreamServices) {
    this.#stream = stream;
    this.#services = services;
    this.#context = contextOf(stream.metadata);
    this.#endsWithErrors = stream.metadata.get('triton_grpc_error')[0] === 'true';
  }

  begin(): void {
    const { stopping } = this.#services;
    const stop = () =>
      this.#endWhenDone(() => this.#fail(new MillraceError('SHUTTING_DOWN', 'The server is stopping.')));
    this.#context.onGone = (reason) => {
      for (const cancel of this.#cancels) cancel(reason);
    };
    stopping.addEventListener('abort', stop);
    // It comes at each end.
    this.#stream.on('cancelled', () => stopping.removeEventListener('abort', stop));
    this.#stream.on('data', (message: InferMessage | MillraceError) => void this.#answer(message));
    this.#stream.on('end', () => this.#endWhenDone(() => this.#stream.end()));
    // A client that does not read its answers gets no more of them made.
    this.#stream.on('drain', () => this.#stream.resume());
  }

  async #answer(message: InferMessage | MillraceError): Promise<void> {
    let cancel: (reason: MillraceError) => void = () => undefined;
    try {
      if (message instanceof MillraceError) throw message;
      const started = this.#start(message);
      cancel = started.cancel;
      this.#cancels.add(cancel);
      this.#write({ infer_response: await started.result });
    } catch (thrown) {
      this.#refuse(toMillraceError(thrown), message);
    }
    this.#cancels.delete(cancel);
    if (this.#cancels.size === 0) this.#end?.();
  }

  #start(message: InferMessage) {
    const { clock, inference } = this.#services;
    const { request, marksFinal } = inferRequestOf(message);
    const receivedAt = clock.now();
    const leftMs = this.#context.deadlineAt - receivedAt;
    return inference.infer(request, {
      tenant: this.#context.tenant,
      routingKey: this.#context.routingKey,
      receivedAt,
      timeLimits: Number.isFinite(leftMs) ? { timeoutMs: leftMs } : {},
      encode: (answer) => inferResponseOf(answer, marksFinal),
    });
  }

  #refuse(error: MillraceError, message: InferMessage | MillraceError): void {
    if (this.#endsWithErrors) {
      this.#fail(error);
      return;
    }
    const { id = '', modelName = '' } = message instanceof MillraceError ? {} : message;
    this.#write({ error_message: errorText(error), infer_response: { id, model_name: modelName } });
  }

  #write(answer: object): void {
    if (this.#stream.writable && !this.#stream.write(answer)) this.#stream.pause();
  }

  #fail(error: MillraceError): void {
    if (this.#context.error !== undefined) return;
    this.#context.error = error;
    this.#stream.emit('error', statusOf(error, this.#context.id));
  }

  #endWhenDone(end: () => void): void {
    this.#end ??= end;
    if (this.#cancels.size === 0) this.#end();
  }
}
