import type { Express, Request, Response } from 'express';
import { MillraceError } from '../core/errors.js';
import { type Access, type Scope, scopes } from './access.js';
import { type AnswerHeaders, CLOSED_POLICY } from './answer-headers.js';
import { contextOf, type RequestContext } from './request-context.js';

/** One method of one path. */
export interface Route {
  readonly method: 'get' | 'post' | 'delete';
  /** Express's form, such as `/models/:name`. */
  readonly path: string;
  readonly scope: Scope;
  handle(exchange: Exchange): void | Promise<void>;
}

/** One request and the answer to it. */
export interface Exchange {
  readonly request: Request;
  readonly response: Response;
  readonly context: RequestContext;
}

/** What stands before the routes. */
export interface Gate {
  readonly access: Access;
  readonly answerHeaders: AnswerHeaders;
}

/**
 * Puts routes into an Express app. Every route declares its scope, and the app is not started with one that does
 * not; whether a request may use it is decided in the route that matched. A method that a path does not have is
 * answered with those that it has.
 *
 * @throws Error if a route has no scope of the list, or stands twice
 */
export function mountRoutes(app: Express, routes: readonly Route[], { access, answerHeaders }: Gate): void {
  const methods = new Map<string, string[]>();
  for (const { method, path, scope, handle } of routes) {
    if (!scopes.includes(scope))
      throw new Error(`${method} ${path} declares no scope; one of ${scopes.join(', ')} is needed`);
    const known = methods.get(path) ?? [];
    if (known.includes(method)) throw new Error(`${method} ${path} stands twice`);
    methods.set(path, [...known, method]);
    app[method](path, (request, response) => {
      const context = contextOf(response);
      context.route = path;
      const caller = access.admit(request.headers, scope);
      if (caller instanceof MillraceError) throw caller;
      context.tenant = caller.tenant;
      // A client that asks first sends its body only now.
      if (request.headers.expect !== undefined) response.writeContinue();
      return handle({ request, response, context });
    });
  }
  for (const [path, known] of methods) {
    const allow = [...known, ...(known.includes('get') ? ['head'] : [])].map((method) => method.toUpperCase());
    app.all(path, (request, response) => {
      contextOf(response).route = path;
      const headers = answerHeaders.preflight(request, allow);
      if (headers !== undefined) {
        sendText(response, 200, '', { type: 'text/plain', headers });
        return;
      }
      const text = `This path does not take ${request.method}.`;
      throw new MillraceError('METHOD_NOT_ALLOWED', text, { expected: allow.join(', '), got: request.method, allow });
    });
  }
}

/** Answers with a text that is ready, or its bytes, JSON unless another type is said. */
export function sendText(response: Response, status: number, text: string | Buffer, options: TextOptions = {}): void {
  writeHead(response, { status, bytes: Buffer.byteLength(text) }, options);
  response.end(text);
}

/** Answers with parts of a body, behind one another. They go out in one write, and are not copied. */
export function sendParts(response: Response, parts: readonly Uint8Array[], options: TextOptions): void {
  writeHead(response, { status: 200, bytes: parts.reduce((sum, { length }) => sum + length, 0) }, options);
  for (const part of parts) response.write(part);
  response.end();
}

/** All headers go out in one call: each `setHeader` before would cost more than the rest. */
function writeHead(
  response: Response,
  { status, bytes }: { status: number; bytes: number },
  { type = 'application/json', policy = CLOSED_POLICY, headers }: TextOptions,
): void {
  const { id, traceparent, headers: always } = contextOf(response);
  const all = [
    'Content-Type',
    type,
    'Content-Length',
    String(bytes),
    'X-Request-Id',
    id,
    'Content-Security-Policy',
    policy,
    ...always,
  ];
  if (traceparent !== undefined) all.push('traceparent', traceparent);
  for (const name in headers) all.push(name, headers[name] as string);
  response.writeHead(status, all);
}

export interface TextOptions {
  readonly type?: string;
  /** Its Content-Security-Policy, for a page that loads something. */
  readonly policy?: string;
  readonly headers?: Readonly<Record<string, string>>;
}
