/** What is done with many items. */
export interface ItemWork<Item, Result> {
  /** Items under way at the same time. */
  readonly concurrency: number;
  /** Never rejects. */
  run(item: Item): Promise<Result>;
  /** Called for each result in the order of the items, as soon as those before it are there. */
  deliver(result: Result, item: Item): void;
  /** Called whenever one is done, in whatever order. */
  progress?(done: number): void;
}

/** Works on items, some at a time, and hands the results on in the order of the items. */
export async function runInOrder<Item, Result>(
  items: readonly Item[],
  { concurrency, run, deliver, progress }: ItemWork<Item, Result>,
): Promise<void> {
  const waiting = [...items.entries()];
  const results = new Map<number, Result>();
  let done = 0;
  let delivered = 0;
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, item] = next;
      results.set(index, await run(item));
      done += 1;
      progress?.(done);
      while (results.has(delivered)) {
        deliver(results.get(delivered) as Result, items[delivered] as Item);
        results.delete(delivered);
        delivered += 1;
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}
