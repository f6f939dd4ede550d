import type { Metadata } from '@grpc/grpc-js';
import type { MillraceError } from '../core/errors.js';

/** What belongs to one call from its metadata to its status. */
export interface CallContext {
  readonly id: string;
  /** The client's W3C trace context; undefined if it sent none, or none that is valid. */
  readonly traceparent: string | undefined;
  /** Such as `ModelInfer`, or with the service where it is not the one of inference. */
  readonly method: string;
  readonly receivedAt: number;
  /** On the clock; Infinity for a client that waits for ever. */
  readonly deadlineAt: number;
  /** The client's address. */
  readonly remote: string;
  /** Whose key the call brought; undefined where keys are not asked for. */
  tenant: string | undefined;
  /** What keeps the client on one side of a split between versions. */
  routingKey: string | undefined;
  /** What was answered, when it was an error. */
  error: MillraceError | undefined;
  /** Called when nobody waits for the answer any more. */
  onGone: ((reason: MillraceError) => void) | undefined;
}

/** grpc-js hands the metadata of a call from the gate to the method, and nothing else of our own. */
const contexts = new WeakMap<Metadata, CallContext>();

export function keepContext(metadata: Metadata, context: CallContext): void {
  contexts.set(metadata, context);
}

/** The context that the gate made for the call with this metadata. */
export function contextOf(metadata: Metadata): CallContext {
  const context = contexts.get(metadata);
  if (context === undefined) throw new Error('a call without a context: the gate must come first');
  return context;
}
