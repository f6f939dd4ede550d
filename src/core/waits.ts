/** Keeps the process alive, as the clock's own timers do not: an orderly stop must come to its end. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits for `work`, but no longer than `ms`. */
export async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timeout: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => {
    timeout = setTimeout(resolve, ms);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timeout));
}

/** Work that must come to its end, also where no socket, no model and no timer of the clock's holds the process. */
export async function keepingAlive(work: Promise<void>): Promise<void> {
  const hold = setInterval(() => undefined, 60_000);
  await work.finally(() => clearInterval(hold));
}
