import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Server as TlsServer } from 'node:tls';
import type { Clock } from '../core/clock.js';
import { Handshakes } from '../core/handshakes.js';

/** Bytes that had arrived when listening stopped are read within a few turns of the event loop; this is many. */
const LINGER_MS = 100;

/**
 * Stops an HTTP server, over TLS or not, without cutting anybody off. Node's own `close` ends every connection that has no request at
 * that instant, also one whose request is already in the socket's buffer: here connections are asked to close by
 * their answers first, and only those that stay silent afterwards are ended.
 */
export class GracefulServer {
  readonly #server: Server;
  readonly #clock: Clock;
  /** Each connection with the answers that it waits for, in their order. */
  readonly #connections = new Map<Duplex, ServerResponse[]>();
  readonly #handshakes: Handshakes;
  #busy = 0;
  #isClosing = false;
  #closed: Promise<void> | undefined;
  #whenQuiet: (() => void)[] = [];

  constructor(server: Server, clock: Clock) {
    this.#server = server;
    this.#clock = clock;
    this.#handshakes = new Handshakes(server);
    // A connection that requests come on: with TLS that is not the one which was accepted.
    server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', (socket: Socket) => {
      this.#connections.set(socket, []);
      socket.on('close', () => this.#forget(socket));
    });
    // First in line: the app may answer at once.
    server.prependListener('request', (request, answer) => this.#track(request, answer));
  }

  /** From now on every answer closes its connection; requests are answered as before. */
  announceClosing(): void {
    this.#isClosing = true;
    for (const answers of this.#connections.values()) closeAfterLast(answers);
  }

  /** Lets the answers to requests that have arrived whole be the last of a connection; false if there are none. */
  closeAfterAnswers(socket: Duplex): boolean {
    const answers = (this.#connections.get(socket) ?? []).filter(({ req }) => req.complete);
    closeAfterLast(answers);
    return answers.length > 0;
  }

  /** Stops listening, and settles when what had arrived by then has been read. */
  async stopListening(): Promise<void> {
    this.announceClosing();
    this.#closed ??= new Promise<void>((resolve) => this.#server.once('close', resolve));
    // The turn of the event loop first accepts the connections that have come in by now; closing would reset them.
    await new Promise<void>((resolve) => this.#clock.endOfTurn(resolve));
    // The listening socket alone: http.Server's own close would also end idle connections.
    NetServer.prototype.close.call(this.#server);
    await new Promise<void>((resolve) => {
      this.#clock.after(LINGER_MS, resolve);
    });
  }

  /** Stops listening, lets every request that has arrived be answered, and settles when no connection is left. */
  async close(): Promise<void> {
    if (this.#closed === undefined) await this.stopListening();
    this.#endSilent();
    await new Promise<void>((resolve) => {
      this.#whenQuiet.push(resolve);
      this.#checkQuiet();
    });
    this.#endSilent();
    await this.#closed;
    // Node's own close, for what it keeps besides connections; it says that the server is closed already.
    this.#server.close(() => undefined);
  }

  /** Ends all connections, at once. */
  destroy(): void {
    NetServer.prototype.close.call(this.#server);
    this.#handshakes.destroy();
    for (const socket of this.#connections.keys()) socket.destroy();
  }

  #track({ socket }: IncomingMessage, answer: ServerResponse): void {
    const answers = this.#connections.get(socket);
    if (answers === undefined) return;
    if (answers.length === 0) this.#busy += 1;
    answers.push(answer);
    if (this.#isClosing) closeAfterLast(answers);
    answer.on('close', () => {
      const at = answers.indexOf(answer);
      if (at === -1) return;
      answers.splice(at, 1);
      if (answers.length === 0) this.#becomeIdle();
    });
  }

  /** A connection that ends takes its answers with it; Node tells only the first of those that were pipelined. */
  #forget(socket: Socket): void {
    const answers = this.#connections.get(socket)?.splice(0) ?? [];
    this.#connections.delete(socket);
    if (answers.length > 0) this.#becomeIdle();
  }

  #becomeIdle(): void {
    this.#busy -= 1;
    if (this.#isClosing) this.#checkQuiet();
  }

  #checkQuiet(): void {
    if (this.#busy > 0) return;
    for (const resolve of this.#whenQuiet.splice(0)) resolve();
  }

  #endSilent(): void {
    this.#handshakes.destroy();
    for (const [socket, answers] of this.#connections) {
      if (answers.length === 0) (socket as Socket).destroySoon();
    }
  }
}

/** Of answers on one connection only the last may close it: the others have one behind them. */
function closeAfterLast(answers: readonly ServerResponse[]): void {
  for (const [index, answer] of answers.entries()) {
    if (!answer.headersSent) answer.shouldKeepAlive = index < answers.length - 1;
  }
}
