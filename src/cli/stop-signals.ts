/** A terminal and npm may each deliver the signal that the user sent once. */
const ONE_SIGNAL_MS = 1_000;

/** SIGINT and SIGTERM from now on: the first one is told, a later one, other than an echo of it, ends the process at once. */
export class StopSignals {
  /** Settles with the first one. */
  readonly first: Promise<NodeJS.Signals>;
  #received: NodeJS.Signals | undefined;
  #receivedAt = 0;
  #tell: (signal: NodeJS.Signals) => void = () => undefined;
  readonly #onSignal = (signal: NodeJS.Signals) => this.#take(signal);

  constructor() {
    this.first = new Promise((resolve) => {
      this.#tell = resolve;
    });
    process.on('SIGINT', this.#onSignal);
    process.on('SIGTERM', this.#onSignal);
  }

  /** The first one, once it has come. */
  get received(): NodeJS.Signals | undefined {
    return this.#received;
  }

  #take(signal: NodeJS.Signals): void {
    if (this.#received === undefined) {
      this.#received = signal;
      this.#receivedAt = performance.now();
      this.#tell(signal);
    } else if (performance.now() - this.#receivedAt > ONE_SIGNAL_MS) {
      process.off('SIGINT', this.#onSignal);
      process.off('SIGTERM', this.#onSignal);
      process.kill(process.pid, signal);
    }
  }
}
