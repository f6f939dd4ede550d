/** What the benchmark uses of autocannon, which brings no types. */
declare module 'autocannon' {
  interface Options {
    readonly url: string;
    readonly connections: number;
    /** Seconds. */
    readonly duration: number;
    /** Seconds. */
    readonly timeout: number;
    /** Each connection sends them in turn. */
    readonly requests: readonly { method: 'POST'; headers: Record<string, string>; body: string }[];
  }

  interface Result {
    /** Seconds. */
    readonly duration: number;
    readonly non2xx: number;
    /** Timeouts included. */
    readonly errors: number;
    readonly timeouts: number;
    readonly requests: { readonly total: number; readonly sent: number };
  }

  interface Instance {
    on(
      event: 'response',
      listener: (client: unknown, status: number, bytes: number, milliseconds: number) => void,
    ): this;
  }

  export default function autocannon(options: Options, done: (error: Error | null, result: Result) => void): Instance;
}
