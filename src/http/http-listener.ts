import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import type { Express } from 'express';
import { AnswerHeaders } from './answer-headers.js';
import { createApp } from './app.js';
import { answerClientErrors } from './client-error.js';
import type { Edge } from './edge.js';
import { createExpressServer } from './express-server.js';
import { GracefulServer } from './graceful-server.js';
import type { HttpLimits } from './limits.js';
import type { ContextOptions } from './request-context.js';
import type { Route } from './route.js';

export interface ListenerOptions extends Omit<ContextOptions, 'answerHeaders'> {
  readonly edge: Edge;
  readonly limits: HttpLimits;
  /** Web pages of these origins may read the answers. */
  readonly origins: readonly string[];
  /** Whether clients are told that the host has nothing that is not TLS. */
  readonly hsts: boolean;
}

/** Routes on a port of their own: the app, its server, with TLS or without, and an end that cuts nobody off. */
export class HttpListener {
  readonly app: Express;
  readonly server: Server;
  readonly #graceful: GracefulServer;

  constructor(routes: readonly Route[], { edge, limits, origins, hsts, ...options }: ListenerOptions) {
    const { access, certificate } = edge;
    const answerHeaders = new AnswerHeaders({ hsts, origins });
    this.app = createApp(routes, { ...options, access, answerHeaders });
    this.server = createExpressServer(this.app, limits, certificate?.value);
    const { server } = this;
    if (server instanceof TlsServer) certificate?.onChange((next) => server.setSecureContext(next));
    this.#graceful = new GracefulServer(server, options.clock);
    answerClientErrors(server, {
      ids: options.ids,
      headers: answerHeaders.for(undefined),
      finish: (socket) => this.#graceful.closeAfterAnswers(socket),
    });
  }

  /**
   * `http://host:port`, or `https://…` with TLS.
   *
   * @throws Error if it does not listen
   */
  get url(): string {
    const address = this.server.address() as AddressInfo | null;
    if (address === null) throw new Error('the server does not listen yet');
    const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
    return `${this.server instanceof TlsServer ? 'https' : 'http'}://${host}:${address.port}`;
  }

  /** @throws Error of Node's if the port cannot be listened on */
  async listen(port: number, host: string): Promise<void> {
    this.server.listen(port, host);
    await once(this.server, 'listening');
  }

  /** From now on every answer closes its connection. */
  announceClosing(): void {
    this.#graceful.announceClosing();
  }

  /** Settles when what had arrived by then has been read. */
  stopListening(): Promise<void> {
    return this.#graceful.stopListening();
  }

  /** Settles when every request that has arrived was answered. */
  close(): Promise<void> {
    return this.#graceful.close();
  }

  /** Ends all connections, at once. */
  destroy(): void {
    this.#graceful.destroy();
  }
}
