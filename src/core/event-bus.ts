import type { Clock } from './clock.js';
import { reasonOf } from './errors.js';
import type { EventMap, EventName, EventSink, Observer } from './events.js';

/** Events that wait for observers, at most; what comes beyond is dropped and counted. */
const MAX_WAITING_EVENTS = 100_000;
/** A handler of a limited observer that returns this many unsettled promises is given no more events until some settle. */
const MAX_UNSETTLED = 1_000;
/** Shorter turns of a limited observer are not worth a pause. */
const MIN_PAUSE_FOR_MS = 5;

interface Subscription {
  readonly observer: Observer;
  pausedUntil: number;
  /** Time that it took beyond its share of the loop's, as of `chargedAt`. */
  owedMs: number;
  chargedAt: number;
  unsettled: number;
}

/**
 * Hands events to observers (the Observer pattern). Telling costs the teller one push: observers run later, when
 * the turn of the event loop has sent its answers. One that throws or rejects is reported as `observerFailed`;
 * one with a `maxLoopShare` that takes longer is paused until its share is kept, and loses what happens meanwhile.
 */
export class EventBus implements EventSink {
  readonly #clock: Clock;
  readonly #subscriptions = new Set<Subscription>();
  /** Events that some observer has a handler for; the others end where they are told. */
  #heard = new Set<string>();
  #waiting: { name: EventName; event: EventMap[EventName] }[] = [];
  #scheduled = false;
  #dropped = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Events that no observer saw: the buffer was full, or the observer was paused. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Adds an observer; the function returned takes it away. */
  subscribe(observer: Observer): () => void {
    const subscription: Subscription = {
      observer,
      pausedUntil: 0,
      owedMs: 0,
      chargedAt: this.#clock.now(),
      unsettled: 0,
    };
    this.#subscriptions.add(subscription);
    this.#findAudience();
    return () => {
      this.#subscriptions.delete(subscription);
      this.#findAudience();
    };
  }

  emit<Name extends EventName>(name: Name, event: EventMap[Name]): void {
    if (!this.#heard.has(name)) return;
    if (this.#waiting.length >= MAX_WAITING_EVENTS) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push({ name, event });
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.endOfTurn(() => this.flush());
  }

  /** Delivers what waits, now. Events that observers cause are delivered in the next turn. */
  flush(): void {
    this.#scheduled = false;
    const events = this.#waiting;
    this.#waiting = [];
    for (const subscription of this.#subscriptions) this.#deliver(subscription, events);
  }

  #findAudience(): void {
    this.#heard = new Set([...this.#subscriptions].flatMap(({ observer }) => namesIn(observer.on)));
  }

  #deliver(subscription: Subscription, events: readonly { name: EventName; event: EventMap[EventName] }[]): void {
    const { on, maxLoopShare } = subscription.observer;
    for (let index = 0; index < events.length; index += 1) {
      const { name, event } = events[index] as { name: EventName; event: EventMap[EventName] };
      const handler = on[name] as ((event: unknown) => unknown) | undefined;
      if (handler === undefined) continue;
      if (maxLoopShare !== undefined && this.#mustSkip(subscription)) {
        this.#dropped += 1;
        continue;
      }
      const start = maxLoopShare === undefined ? 0 : this.#clock.now();
      try {
        // Another's observer gets a copy: what it writes there nobody else reads.
        const result = handler.call(on, maxLoopShare === undefined ? event : copyOf(event));
        if (result instanceof Promise) this.#watch(subscription, name, result);
      } catch (error) {
        this.#reportFailure(subscription, name, error);
      }
      if (maxLoopShare !== undefined) this.#charge(subscription, maxLoopShare, start);
    }
  }

  #watch(subscription: Subscription, name: EventName, result: Promise<unknown>): void {
    subscription.unsettled += 1;
    result
      .catch((error: unknown) => this.#reportFailure(subscription, name, error))
      .finally(() => {
        subscription.unsettled -= 1;
      });
  }

  #mustSkip({ pausedUntil, unsettled }: Subscription): boolean {
    return unsettled >= MAX_UNSETTLED || this.#clock.now() < pausedUntil;
  }

  /** What it took is paid back by the time that passes, at its share: many short turns add up like one long one. */
  #charge(subscription: Subscription, share: number, start: number): void {
    const now = this.#clock.now();
    const paidMs = (now - subscription.chargedAt) * share;
    subscription.owedMs = Math.max(0, subscription.owedMs + (now - start) - paidMs);
    subscription.chargedAt = now;
    if (subscription.owedMs >= MIN_PAUSE_FOR_MS) subscription.pausedUntil = now + subscription.owedMs / share;
  }

  /** A failure while handling `observerFailed` itself is not reported again: that could go on for ever. */
  #reportFailure({ observer }: Subscription, event: EventName, error: unknown): void {
    if (event === 'observerFailed') return;
    this.emit('observerFailed', { observer: observer.name, event, reason: reasonOf(error) });
  }
}

/** A copy of an event and of the plain objects in it. */
function copyOf(event: object): object {
  return Object.fromEntries(
    Object.entries(event).map(([key, value]: [string, unknown]) => {
      const isPlain = typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
      return [key, isPlain ? { ...value } : value];
    }),
  );
}

/** The events that an observer handles, also by methods of its class. */
function namesIn(on: object): string[] {
  const names: string[] = [];
  for (
    let at: object | null = on;
    at !== null && at !== Object.prototype;
    at = Object.getPrototypeOf(at) as object | null
  )
    names.push(...Object.getOwnPropertyNames(at));
  return names;
}
