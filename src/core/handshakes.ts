import type { Server, Socket } from 'node:net';
import { type TLSSocket, Server as TlsServer } from 'node:tls';

/** A connection by its two ends: the socket under TLS and the one that speaks it have the same ones. */
const endsOf = ({ localAddress, localPort, remoteAddress, remotePort }: Socket): string => {
  return `${localAddress} ${localPort} ${remoteAddress} ${remotePort}`;
};

/**
 * The connections of a server whose TLS handshake is under way. Node keeps no list of them, and tells of the socket
 * that speaks TLS only once it does.
 */
export class Handshakes {
  readonly #sockets = new Map<string, Socket>();

  /** @param server one without TLS has no handshakes */
  constructor(server: Server) {
    if (!(server instanceof TlsServer)) return;
    server.on('connection', (socket: Socket) => {
      const ends = endsOf(socket);
      this.#sockets.set(ends, socket);
      socket.on('close', () => {
        if (this.#sockets.get(ends) === socket) this.#sockets.delete(ends);
      });
    });
    server.prependListener('secureConnection', (socket: TLSSocket) => this.#sockets.delete(endsOf(socket)));
  }

  /** Ends them, at once. */
  destroy(): void {
    for (const socket of this.#sockets.values()) socket.destroy();
  }
}
