import { type Metadata, ServerInterceptingCall, type ServerInterceptor, status } from '@grpc/grpc-js';
import type { Clock } from '../core/clock.js';
import { MillraceError } from '../core/errors.js';
import type { EventSink } from '../core/events.js';
import type { IdSource } from '../core/ids.js';
import { requestIdIn, traceparentIn } from '../core/request-marks.js';
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

/** The service that calls are about when only their method is named. */
const SERVICE = '/inference.GRPCInferenceService/';

/**
 * Stands before all methods: whether a call is let in is said by its metadata, before its message is read; every
 * call gets its context, and its end is told.
 */
export function callGate(options: GateOptions): ServerInterceptor {
  return ({ path }, call) => {
    let context: CallContext | undefined;
    let isSettled = false;
    const settle = (code: number, error: MillraceError | undefined) => {
      if (isSettled || context === undefined) return;
      isSettled = true;
      options.events.emit('callSettled', {
        requestId: context.id,
        traceparent: context.traceparent,
        method: context.method,
        status: statusName(code),
        code: error?.code,
        cause: error?.cause,
        durationMs: options.clock.now() - context.receivedAt,
        remote: context.remote,
        tenant: context.tenant,
      });
    };
    // grpc-js ends calls by itself too, for their size or their deadline, and tells no interceptor of it.
    const send = call.sendStatus.bind(call);
    call.sendStatus = (sent) => {
      const own = context?.error;
      const found = own ?? (isSettled ? undefined : errorIn({ code: sent.code, details: sent.details ?? '' }));
      send(found === undefined || found === own ? sent : statusOf(found, context?.id ?? ''));
      settle(sent.code, found);
    };
    return new ServerInterceptingCall(call, {
      start: (next) => {
        next({
          onReceiveMetadata: (metadata, pass) => {
            context = openContext(path, { call, metadata }, options);
            keepContext(metadata, context);
            const caller = options.admit(headersIn(metadata), options.scopes.get(path) ?? 'admin');
            if (caller instanceof MillraceError) {
              context.error = caller;
              call.sendStatus(statusOf(caller, context.id));
            } else {
              context.tenant = caller.tenant;
              pass(metadata);
            }
          },
          // Comes after each status too.
          onCancel: () => {
            if (context === undefined) return;
            const reason = reasonToLeave(context, options.clock);
            context.onGone?.(reason);
            settle(status.CANCELLED, reason);
          },
        });
      },
    });
  };
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
