import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import type { Clock } from '../core/clock.js';

/** Bytes that had arrived when listening stopped are read within a few turns of the event loop; this is many. */
const LINGER_MS = 100;

/**
 * Stops an HTTP server without cutting anybody off. Node's own `close` ends every connection that has no request at
 * that instant, also one whose request is already in the socket's buffer: here connections are asked to close by
 * their answers first, and only those that stay silent afterwards are ended.
 */
export class GracefulServer {
  readonly #server: Server;
  readonly #clock: Clock;
  readonly #busy = new Map<Socket, number>();
  readonly #sockets = new Set<Socket>();
  readonly #answers = new Set<ServerResponse>();
  #isClosing = false;
  #whenQuiet: (() => void)[] = [];

  constructor(server: Server, clock: Clock) {
    this.#server = server;
    this.#clock = clock;
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    // First in line: the app may answer at once.
    server.prependListener('request', (request, answer) => this.#track(request, answer));
  }

  /** From now on every answer closes its connection; requests are answered as before. */
  announceClosing(): void {
    this.#isClosing = true;
    for (const answer of this.#answers) closeAfter(answer);
  }

  /** Stops listening, lets every request that has arrived be answered, and settles when no connection is left. */
  async close(): Promise<void> {
    this.announceClosing();
    const closed = new Promise<void>((resolve) => this.#server.once('close', resolve));
    // The listening socket alone: http.Server's own close would also end idle connections.
    NetServer.prototype.close.call(this.#server);
    await new Promise<void>((resolve) => {
      this.#clock.after(LINGER_MS, resolve);
    });
    this.#endSilent();
    await new Promise<void>((resolve) => {
      this.#whenQuiet.push(resolve);
      this.#checkQuiet();
    });
    this.#endSilent();
    await closed;
    // Node's own close, for what it keeps besides connections; it says that the server is closed already.
    this.#server.close(() => undefined);
  }

  /** Ends all connections, at once. */
  destroy(): void {
    NetServer.prototype.close.call(this.#server);
    for (const socket of this.#sockets) socket.destroy();
  }

  #track({ socket }: IncomingMessage, answer: ServerResponse): void {
    this.#answers.add(answer);
    this.#busy.set(socket, (this.#busy.get(socket) ?? 0) + 1);
    if (this.#isClosing) closeAfter(answer);
    answer.on('close', () => {
      this.#answers.delete(answer);
      const left = (this.#busy.get(socket) ?? 1) - 1;
      if (left > 0) this.#busy.set(socket, left);
      else this.#busy.delete(socket);
      if (this.#isClosing) this.#checkQuiet();
    });
  }

  #checkQuiet(): void {
    if (this.#busy.size > 0) return;
    for (const resolve of this.#whenQuiet.splice(0)) resolve();
  }

  #endSilent(): void {
    for (const socket of this.#sockets) if (!this.#busy.has(socket)) socket.destroySoon();
  }
}

function closeAfter(answer: ServerResponse): void {
  if (!answer.headersSent) answer.shouldKeepAlive = false;
}
