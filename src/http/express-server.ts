import { createServer, IncomingMessage, type Server, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Express } from 'express';
import type { Certificate } from './certificate.js';
import type { HttpLimits } from './limits.js';

/**
 * An HTTP server for an Express app, without Express's usual price: for each request Express changes the prototypes
 * of the request and the response, which throws V8 off its fast paths for them for good. Here they are born of
 * classes that have Express's prototypes already, so there is nothing to change: twice the requests a second.
 *
 * @param certificate makes it one that speaks TLS alone
 */
export function createExpressServer(app: Express, limits: HttpLimits, certificate?: Certificate): Server {
  class Request extends IncomingMessage {}
  class Response extends ServerResponse {
    constructor(request: IncomingMessage) {
      super(request);
      limitWriting(this, limits.write_timeout_ms);
    }
  }
  Object.setPrototypeOf(Request.prototype, app.request as object);
  Object.setPrototypeOf(Response.prototype, app.response as object);
  app.request = Request.prototype as typeof app.request;
  app.response = Response.prototype as unknown as typeof app.response;
  const options = {
    IncomingMessage: Request,
    ServerResponse: Response,
    keepAliveTimeout: limits.keep_alive_ms,
    // Node refuses one that is longer than the whole request's.
    headersTimeout: Math.min(limits.headers_timeout_ms, limits.request_timeout_ms),
    requestTimeout: limits.request_timeout_ms,
    connectionsCheckingInterval: 5_000,
    maxHeaderSize: limits.header_bytes,
    noDelay: true,
    // The app says so itself, as a problem.
    requireHostHeader: false,
    // Node would take the first of two keys and say nothing.
    joinDuplicateHeaders: true,
  };
  const server =
    certificate === undefined
      ? createServer(options, app)
      : createTlsServer({ ...options, ...certificate, handshakeTimeout: limits.headers_timeout_ms }, app);
  server.maxConnections = limits.connections;
  // Whether the client may go on and send its body is said by the route that takes it, and not by Node to everybody.
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    server.emit('request', request, response);
  });
  return server;
}

/**
 * From when an answer is complete until its client has taken it, its connection is cut off if nothing moves for so long:
 * no other limit holds then, and a client that reads nothing would keep the answer, and its place, for ever. That
 * something moves is seen by Node, also within one large write.
 */
function limitWriting(response: ServerResponse, limitMs: number): void {
  response.on('prefinish', () => response.socket?.setTimeout(limitMs));
  // Before Node sets the time that an idle connection has.
  response.prependListener('finish', () => response.socket?.setTimeout(0));
}
