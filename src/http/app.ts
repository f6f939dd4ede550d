import express, { type ErrorRequestHandler, type Express, type Response } from 'express';
import { errorTable, MillraceError, toMillraceError } from '../core/errors.js';
import { PROBLEM_TYPE, problemHeaders, problemOf } from './problem.js';
import { type ContextOptions, contextOf, openContext } from './request-context.js';
import { type Gate, mountRoutes, type Route, sendText } from './route.js';
import { isV2, sendV2Error } from './v2/error-body.js';

export interface AppOptions extends ContextOptions, Gate {}

/** Puts the HTTP API together: the context of each request, the routes, and one place where all errors become answers. */
export function createApp(routes: readonly Route[], options: AppOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.enable('case sensitive routing');
  app.set('trust proxy', options.trustedProxies);
  app.use((request, response, next) => {
    openContext(response, options);
    if (request.headers.host === undefined && request.httpVersion === '1.1') {
      const details = {
        path: 'headers.host',
        expected: 'the header that HTTP/1.1 asks for (RFC 9112)',
        got: 'nothing',
      };
      throw new MillraceError('INVALID_REQUEST', 'The request names no host.', details);
    }
    next();
  });
  mountRoutes(app, routes, options);
  app.use((request) => {
    const got = `${request.method} ${request.path.slice(0, 128)}`;
    throw new MillraceError('NOT_FOUND', 'There is nothing at this path.', {
      expected: 'a path that GET / lists',
      got,
    });
  });
  app.use(answerError);
  return app;
}

/** Express knows an error handler by its four parameters. */
const answerError: ErrorRequestHandler = (thrown, request, response, _next) => {
  const error = fromExpress(thrown) ?? toMillraceError(thrown);
  const context = contextOf(response);
  context.error ??= error;
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  if (isV2(request)) sendV2Error(response, error);
  else sendError(response, error);
};

function sendError(response: Response, error: MillraceError): void {
  const problem = JSON.stringify(problemOf(error, contextOf(response).id));
  sendText(response, errorTable[error.code].http, problem, { type: PROBLEM_TYPE, headers: problemHeaders(error) });
}

/** The one error that Express itself throws at requests: a path that is not valid percent-encoding. */
function fromExpress(thrown: unknown): MillraceError | undefined {
  if (!(thrown instanceof URIError)) return undefined;
  return new MillraceError('INVALID_REQUEST', 'The path is not valid percent-encoded UTF-8.', { path: 'url' });
}
