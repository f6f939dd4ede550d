import type { ServerDuplexStream, ServerUnaryCall, ServerWritableStream, sendUnaryData } from '@grpc/grpc-js';
import { MillraceError, toMillraceError } from '../core/errors.js';
import { type CallContext, contextOf } from './call-context.js';
import { statusOf } from './grpc-status.js';

/** What a caller must be allowed to do; `public` takes everybody's call. The same words as for routes. */
export type CallScope = 'infer' | 'admin' | 'public';

/** One method of a service, as it is put into a table by its name. */
export type Method =
  | { readonly kind: 'unary'; readonly scope: CallScope; readonly handle: UnaryHandler }
  | { readonly kind: 'stream'; readonly scope: CallScope; readonly handle: StreamHandler };

export type UnaryHandler = (call: ServerUnaryCall<object, object>, respond: sendUnaryData<object>) => void;

export type StreamHandler = (call: ServerDuplexStream<object, object> | ServerWritableStream<object, object>) => void;

/**
 * A method with one answer.
 *
 * @param answer what it throws is the status of the call
 */
export function unary(
  scope: CallScope,
  answer: (request: object, context: CallContext) => object | Promise<object>,
): Method {
  const handle: UnaryHandler = (call, respond) => {
    const context = contextOf(call.metadata);
    const fail = (thrown: unknown) => {
      context.error ??= toMillraceError(thrown);
      respond(statusOf(context.error, context.id));
    };
    try {
      if (call.request instanceof MillraceError) throw call.request;
      const answered = answer(call.request, context);
      if (answered instanceof Promise) answered.then((message: object) => respond(null, message), fail);
      else respond(null, answered);
    } catch (error) {
      fail(error);
    }
  };
  return { kind: 'unary', scope, handle };
}
