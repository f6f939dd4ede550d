import type { EventMap, EventName, EventSink } from '#src/core/events.js';

/** An event sink that remembers what it was told. */
export class RecordedEvents implements EventSink {
  readonly #all: { name: EventName; event: unknown }[] = [];

  emit<Name extends EventName>(name: Name, event: EventMap[Name]): void {
    this.#all.push({ name, event });
  }

  /** The events of a name, in order. */
  of<Name extends EventName>(name: Name): EventMap[Name][] {
    return this.#all.flatMap((entry) => (entry.name === name ? [entry.event as EventMap[Name]] : []));
  }
}
