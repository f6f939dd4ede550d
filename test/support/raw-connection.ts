import { once } from 'node:events';
import type { Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** One HTTP answer, as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A connection on which a test says every byte itself. */
export class RawConnection {
  readonly socket: Socket;
  /** Settles when the server has ended the connection. */
  readonly ended: Promise<void>;
  #received = Buffer.alloc(0);
  #isEnded = false;
  #onChange: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes: Buffer) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      this.#onChange();
    });
    // A reset is an end too; what a test expected and did not get is told by `answer`.
    socket.on('error', () => undefined);
    this.ended = new Promise((resolve) => {
      const end = () => {
        this.#isEnded = true;
        this.#onChange();
        resolve();
      };
      socket.once('end', end).once('close', end);
    });
  }

  /**
   * Connects to a server that listens.
   *
   * @param allowHalfOpen true for a client that does not close its side when the server does
   * @param ca the certificate of a server that speaks TLS, in PEM
   */
  static async to(
    server: Server | { url: string },
    { allowHalfOpen = false, ca }: { allowHalfOpen?: boolean; ca?: string } = {},
  ): Promise<RawConnection> {
    const port = 'url' in server ? Number(new URL(server.url).port) : (server.address() as AddressInfo).port;
    const options = { port, host: '127.0.0.1', allowHalfOpen };
    const socket = ca === undefined ? connect(options) : connectTls({ ...options, ca });
    await once(socket, ca === undefined ? 'connect' : 'secureConnect');
    return new RawConnection(socket);
  }

  write(text: string): void {
    this.socket.write(text);
  }

  /** Writes a whole request with a JSON body. */
  post(path: string, body: object): void {
    const text = JSON.stringify(body);
    const head = `POST ${path} HTTP/1.1\r\nHost: test\r\nContent-Type: application/json`;
    this.write(`${head}\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
  }

  get(path: string): void {
    this.write(`GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`);
  }

  /** The next answer, of those with a Content-Length. Fails if the server ends the connection before it is complete. */
  async answer(): Promise<RawAnswer> {
    for (;;) {
      const answer = this.#takeAnswer();
      if (answer !== undefined) return answer;
      if (this.#isEnded) throw new Error(`the server ended the connection after "${this.#received.toString()}"`);
      await new Promise<void>((resolve) => {
        this.#onChange = resolve;
      });
    }
  }

  #takeAnswer(): RawAnswer | undefined {
    const headEnd = this.#received.indexOf('\r\n\r\n');
    if (headEnd === -1) return undefined;
    const [statusLine = '', ...lines] = this.#received.subarray(0, headEnd).toString('latin1').split('\r\n');
    const headers = Object.fromEntries(
      lines.map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    const bodyEnd = headEnd + 4 + Number(headers['content-length'] ?? 0);
    if (this.#received.length < bodyEnd) return undefined;
    const body = this.#received.subarray(headEnd + 4, bodyEnd).toString();
    this.#received = this.#received.subarray(bodyEnd);
    return { status: Number(statusLine.split(' ')[1]), headers, body };
  }
}
