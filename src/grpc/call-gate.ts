import { type Metadata, ServerInterceptingCall, type ServerInterceptor, status } from '@grpc/grpc-js';
import type { Clock } from '../core/clock.js';
import { MillraceError } from '../core/errors.js';
import type { EventSink } from '../core/events.js';
import type { IdSource } from '../core/ids.js';
import { requestIdIn, traceparentIn } from '../core/request-marks.js';
import { routingKeyOf } from '../core/routing-key.js';
import { type CallContext, keepContext } from './call-context.js';
import { errorIn, statusName, statusOf } from './grpc-status.js';
import type { CallScope } from './method.js';

/** Decides who may call a method, by headers as they are in HTTP; gives who calls, or the error. */
export type Admit = (
  headers: { readonly authorization?: string; readonly 'x-api-key'?: string },
  scope: CallScope,
) => { readonly tenant: string | undefined } | MillraceError;

export interface GateOptions {
  readonly clock: Clock;
  readonly events: EventSink;
  readonly ids: IdSource;
  readonly admit: Admit;
  /** The scope that a method asks for, by its path. */
  readonly scopes: ReadonlyMap<string, CallScope>;
}

type BaseCall = Parameters<ServerInterceptor>[1];
type SentStatus = Parameters<BaseCall['sendStatus']>[0];

/** The service that calls are about when only their method is named. */
const SERVICE = '/inference.GRPCInferenceService/';

/**
 * Stands before all methods: whether a call is let in is said by its metadata, before its message is read; every
 * call gets its context, and its end is told.
 */
export function callGate(options: GateOptions): ServerInterceptor {
  return ({ path }, call) => {
    const gated = new GatedCall(path, call, options);
    return new ServerInterceptingCall(call, {
      start: (next) => {
        next({
          onReceiveMetadata: (metadata, pass) => {
            if (gated.enter(metadata)) pass(metadata);
          },
          onCancel: () => gated.leave(),
        });
      },
    });
  };
}

class GatedCall {
  readonly #path: string;
  readonly #call: BaseCall;
  readonly #options: GateOptions;
  #context: CallContext | undefined;
  #isSettled = false;

  constructor(path: string, call: BaseCall, options: GateOptions) {
    this.#path = path;
    this.#call = call;
    this.#options = options;
    // grpc-js ends calls by itself too, for their size or their deadline, and tells no interceptor of it.
    const send = call.sendStatus.bind(call);
    call.sendStatus = (status) => send(this.#completed(status));
  }

  /** Opens the call; false for one that is not let in, which has been answered then. */
  enter(metadata: Metadata): boolean {
    const context = openContext(this.#path, { call: this.#call, metadata }, this.#options);
    this.#context = context;
    keepContext(metadata, context);
    const caller = this.#options.admit(headersIn(metadata), this.#options.scopes.get(this.#path) ?? 'admin');
    if (caller instanceof MillraceError) {
      context.error = caller;
      this.#call.sendStatus(statusOf(caller, context.id));
      return false;
    }
    context.tenant = caller.tenant;
    context.routingKey = routingKeyOf(metadata.get('x-routing-key')[0], caller.tenant);
    return true;
  }

  /** Nobody waits for the answer any more; this comes after the answer too. */
  leave(): void {
    if (this.#isSettled || this.#context === undefined) return;
    const reason = reasonToLeave(this.#context, this.#options.clock);
    this.#context.onGone?.(reason);
    this.#settle(status.CANCELLED, reason);
  }

  /** The status as it is to be sent: with details, and with what is under way ended, where it is grpc-js's own. */
  #completed(sent: SentStatus): SentStatus {
    const context = this.#context;
    if (context === undefined || this.#isSettled) return sent;
    if (context.error !== undefined) {
      this.#settle(sent.code, context.error);
      return sent;
    }
    const error = errorIn({ code: sent.code, details: sent.details ?? '' });
    this.#settle(sent.code, error);
    if (error === undefined) return sent;
    context.onGone?.(error);
    return statusOf(error, context.id);
  }

  #settle(code: status, error: MillraceError | undefined): void {
    const { id, traceparent, method, receivedAt, remote, tenant } = this.#context as CallContext;
    this.#isSettled = true;
    this.#options.events.emit('callSettled', {
      requestId: id,
      traceparent,
      method,
      status: statusName(code),
      code: error?.code,
      cause: error?.cause,
      durationMs: this.#options.clock.now() - receivedAt,
      remote,
      tenant,
    });
  }
}

function openContext(
  path: string,
  { call, metadata }: { call: BaseCall; metadata: Metadata },
  { clock, ids }: GateOptions,
): CallContext {
  const deadline = call.getDeadline();
  const leftMs = (typeof deadline === 'number' ? deadline : deadline.getTime()) - clock.wallTime();
  const receivedAt = clock.now();
  return {
    id: requestIdIn(metadata.get('x-request-id')[0]) ?? ids(),
    traceparent: traceparentIn(metadata.get('traceparent')[0]),
    method: path.startsWith(SERVICE) ? path.slice(SERVICE.length) : path.slice(1),
    receivedAt,
    deadlineAt: receivedAt + leftMs,
    remote: call.getConnectionInfo().remoteAddress ?? '',
    tenant: undefined,
    routingKey: undefined,
    error: undefined,
    onGone: undefined,
  };
}

/** Several values of one name are joined as HTTP joins them: they are no key then. */
function headersIn(metadata: Metadata): Parameters<Admit>[0] {
  const [authorization, apiKey] = ['authorization', 'x-api-key'].map((name) => metadata.get(name).join(', '));
  return {
    ...(authorization ? { authorization } : {}),
    ...(apiKey ? { 'x-api-key': apiKey } : {}),
  };
}

function reasonToLeave({ deadlineAt }: CallContext, clock: Clock): MillraceError {
  return clock.now() >= deadlineAt
    ? new MillraceError('DEADLINE_EXCEEDED', "The call was not answered within the client's deadline.")
    : new MillraceError('CLIENT_CLOSED_REQUEST', 'The client cancelled the call, or left.');
}
