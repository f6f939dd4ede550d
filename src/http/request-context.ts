import { isIP, type Socket } from 'node:net';
import type { Request, Response } from 'express';
import type { Clock } from '../core/clock.js';
import { MillraceError } from '../core/errors.js';
import type { EventSink } from '../core/events.js';
import type { IdSource } from '../core/ids.js';
import { requestIdIn, traceparentIn } from '../core/request-marks.js';
import type { AnswerHeaders } from './answer-headers.js';

/** What belongs to one HTTP request from its headers to the end of its answer. */
export interface RequestContext {
  readonly id: string;
  /** The client's W3C trace context, passed through; undefined if it sent none, or none that is valid. */
  readonly traceparent: string | undefined;
  readonly receivedAt: number;
  /** The client's address: that of the connection, or what a trusted proxy says. */
  readonly remote: string;
  /** What every answer to the request carries: names and values in turn. */
  readonly headers: readonly string[];
  /** Whose key the request brought; undefined where keys are not asked for, and before the route has matched. */
  tenant: string | undefined;
  /** The path of the route that took the request, with its parameters' names: never the client's own text. */
  route: string;
  /** What was answered, when it was an error. */
  error: MillraceError | undefined;
  /** Called when the client leaves before its answer is complete. */
  onGone: ((reason: MillraceError) => void) | undefined;
}

export interface ContextOptions {
  readonly clock: Clock;
  readonly events: EventSink;
  readonly ids: IdSource;
  readonly answerHeaders: AnswerHeaders;
  /** Proxies whose word on the client counts; none without any. */
  readonly trustedProxies: readonly string[];
}

/** The context that `openContext` made for this response. */
export function contextOf({ locals }: Response): RequestContext {
  const context = (locals as { context?: RequestContext }).context;
  if (context === undefined) throw new Error('a request without a context: openContext must come first');
  return context;
}

/** Begins a request: it gets its id, the one that the client sent where it is fit to be logged, and its end is told. */
export function openContext(response: Response, options: ContextOptions): void {
  const { clock, events, ids } = options;
  const { headers, method } = response.req;
  const context: RequestContext = {
    id: requestIdIn(headers['x-request-id']) ?? ids(),
    traceparent: traceparentIn(headers['traceparent']),
    receivedAt: clock.now(),
    remote: addressOf(response.req, options.trustedProxies),
    headers: options.answerHeaders.for(headers.origin),
    tenant: undefined,
    route: 'unmatched',
    error: undefined,
    onGone: undefined,
  };
  response.locals['context'] = context;
  events.emit('requestReceived', { requestId: context.id, method });
  const settle = () => {
    if (!response.writableFinished) {
      context.error ??= new MillraceError('CLIENT_CLOSED_REQUEST', 'The client left before the answer was complete.');
      context.onGone?.(context.error);
    }
    events.emit('requestSettled', {
      requestId: context.id,
      traceparent: context.traceparent,
      method,
      route: context.route,
      status: response.writableFinished ? response.statusCode : 499,
      code: context.error?.code,
      cause: context.error?.cause,
      durationMs: clock.now() - context.receivedAt,
      remote: context.remote,
      tenant: context.tenant,
    });
  };
  if (response.socket === null) settleOnce(response, settle);
  else response.on('close', settle);
}

/** Express reads `X-Forwarded-For` from its end, as far as the addresses are trusted proxies; what is no address is nobody's. */
function addressOf(request: Request, trustedProxies: readonly string[]): string {
  const { remoteAddress = '' } = request.socket;
  if (trustedProxies.length === 0) return remoteAddress;
  const { ip = '' } = request;
  return isIP(ip) === 0 ? remoteAddress : ip;
}

/** What to call when a connection ends, for the pipelined requests on it whose turn to answer has not come: Node tells them nothing. */
const pipelined = new WeakMap<Socket, Set<() => void>>();

function settleOnce(response: Response, settle: () => void): void {
  const { socket } = response.req;
  const waiting = pipelined.get(socket) ?? new Set();
  if (!pipelined.has(socket)) {
    pipelined.set(socket, waiting);
    socket.on('close', () => {
      for (const once of waiting) once();
    });
  }
  const once = () => {
    if (waiting.delete(once)) settle();
  };
  waiting.add(once);
  response.on('close', once);
}
