import type { NamedTensors } from '../tensor/tensor.js';
import type { WorkerMessage } from './worker-protocol.js';

/** The way to a worker, which is a thread or a process that has loaded one model. It holds one batch at a time. */
export interface WorkerChannel {
  /** Settles when the worker is gone and its memory free, which may be long after its end. Never rejects. */
  readonly released: Promise<void>;
  /**
   * Hands over one batch, and its memory; the answer comes as a message.
   *
   * @throws MillraceError EXECUTION_FAILED if a batch like this cannot be sent
   */
  send(inputs: NamedTensors): void;
  /** Ends the worker, as soon as that harms nobody else. Idempotent. */
  end(): void;
}

/** Whom a channel tells about its worker. */
export interface ChannelListener {
  /** Not before the channel's constructor has returned, as `ended`. */
  message(message: WorkerMessage): void;
  /** The worker is gone, or of no use; may come more than once. */
  ended(reason: string): void;
  said(text: string): void;
}
