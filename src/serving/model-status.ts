import type { EventSink, ModelRef, ModelState } from '../core/events.js';
import { mayBecome } from './model-state.js';

/** The states in which a version may begin, and why it is in them. */
const beginnings = {
  LOADING: undefined,
  EVICTED: 'it loads with the first request',
  UNAVAILABLE: 'it was not told to load',
} as const;

/** In which state a version begins, and whether it is seen: one that is to take another's place is not, until it has. */
export interface Beginning {
  readonly state?: keyof typeof beginnings;
  readonly isHidden?: boolean;
}

/** The state of a version, with the reason for it, and who is told of it. */
export class ModelStatus {
  readonly #ref: ModelRef;
  readonly #events: EventSink;
  #state: ModelState;
  #reason: string | undefined;
  #isHidden: boolean;

  constructor(ref: ModelRef, events: EventSink, { state = 'LOADING', isHidden = false }: Beginning) {
    this.#ref = ref;
    this.#events = events;
    this.#state = state;
    this.#reason = beginnings[state];
    this.#isHidden = isHidden;
    if (state !== 'UNAVAILABLE') this.#tell(undefined);
  }

  get state(): ModelState {
    return this.#state;
  }

  get reason(): string | undefined {
    return this.#reason;
  }

  /** Whether what happens to the version is told. */
  set isHidden(isHidden: boolean) {
    this.#isHidden = isHidden;
  }

  mayBecome(to: ModelState): boolean {
    return mayBecome(this.#state, to);
  }

  /** @throws Error if there is no such way: a fault of the caller */
  enter(to: ModelState, reason: string | undefined): void {
    if (!this.mayBecome(to)) throw new Error(`a model cannot go from ${this.#state} to ${to}`);
    const from = this.#state;
    this.#state = to;
    this.#reason = reason;
    this.#tell(from);
  }

  #tell(from: ModelState | undefined): void {
    if (this.#isHidden) return;
    this.#events.emit('modelStateChanged', { ...this.#ref, from, to: this.#state, reason: this.#reason });
  }
}
