import type { EventMap, EventName } from '#src/core/events.js';
import type { Millrace } from '#src/server.js';

type Matcher<Name extends EventName> = (event: EventMap[Name]) => boolean;

interface Waiting {
  readonly name: EventName;
  readonly count: number;
  readonly matches: (event: never) => boolean;
  readonly resolve: (events: never) => void;
}

const names = Object.keys({
  requestReceived: true,
  requestSettled: true,
  callSettled: true,
  jobQueued: true,
  jobRejected: true,
  jobSettled: true,
  batchFormed: true,
  batchExecuted: true,
  executionRetried: true,
  culpritFound: true,
  requestSplit: true,
  requestPadded: true,
  workWasted: true,
  batcherStalled: true,
  invariantViolated: true,
  modelStateChanged: true,
  modelNotice: true,
  modelLoaded: true,
  modelLoadFailed: true,
  modelUnloaded: true,
  instanceStarted: true,
  instanceCrashed: true,
  instanceRecycled: true,
  instanceSpoke: true,
  observerFailed: true,
  filesReloaded: true,
  reloadFailed: true,
  serverNotice: true,
  serverListening: true,
  grpcListening: true,
  metricsListening: true,
  serverStopping: true,
  serverStopped: true,
} satisfies Record<EventName, true>) as EventName[];

/** What a server has told since the watch began, and a way to wait for what it will tell. */
export class EventWatch {
  readonly #seen: { name: EventName; event: EventMap[EventName] }[] = [];
  #waiting: Waiting[] = [];

  constructor(millrace: Pick<Millrace, 'observe'>) {
    const handlers = names.map((name) => [name, (event: EventMap[EventName]) => this.#add(name, event)]);
    // A watch that was paused would miss what a test waits for.
    millrace.observe({ name: 'watch', on: Object.fromEntries(handlers), maxLoopShare: 1 });
  }

  /** All events of a name so far. */
  all<Name extends EventName>(name: Name, matches: Matcher<Name> = () => true): EventMap[Name][] {
    const events = this.#seen.filter((entry) => entry.name === name).map(({ event }) => event as EventMap[Name]);
    return events.filter(matches);
  }

  /** Settles with the first events that match, once there are `count` of them; those before the call count too. */
  async until<Name extends EventName>(
    name: Name,
    matches: Matcher<Name> = () => true,
    count = 1,
  ): Promise<EventMap[Name][]> {
    const events = this.all(name, matches);
    if (events.length >= count) return events;
    return new Promise((resolve) => this.#waiting.push({ name, matches, count, resolve }));
  }

  #add(name: EventName, event: EventMap[EventName]): void {
    this.#seen.push({ name, event });
    this.#waiting = this.#waiting.filter((waiting) => {
      const events = waiting.name === name ? this.all(name, waiting.matches as Matcher<EventName>) : [];
      if (events.length < waiting.count) return true;
      waiting.resolve(events as never);
      return false;
    });
  }
}
