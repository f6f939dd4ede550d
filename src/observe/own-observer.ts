import { basename, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { MillraceError, reasonOf } from '../core/errors.js';
import type { Observer } from '../core/events.js';
import { pathText } from '../core/zod-issues.js';

/** `observers`: the operator's own observers, each in a file. */
export const observersSchema = z
  .array(
    z
      .union([
        z.string().min(1),
        z.strictObject({
          file: z.string().min(1).describe('The file'),
          options: z.unknown().describe('What the function that it exports is called with'),
        }),
      ])
      .describe('A file that exports an observer by default, or a function that makes one from its options'),
  )
  .transform((list) => list.map((entry) => (typeof entry === 'string' ? { file: entry, options: undefined } : entry)));

export type ObserverEntry = z.output<typeof observersSchema>[number];

const observerSchema = z.object({
  name: z.string().min(1).optional(),
  on: z.custom<Observer['on']>((value) => typeof value === 'object' && value !== null, 'expected handlers by event'),
  maxLoopShare: z.number().gt(0).max(1).optional(),
});

/**
 * Loads an observer from the operator's file: a module whose default export is an observer, `{on: {eventName(event)
 * {…}}}`, or a function that gives one for its options. Without a name it is called like its file.
 *
 * @param place how messages call the entry, such as `observers[0]`
 * @throws MillraceError INVALID_REQUEST if the file cannot be loaded or exports something else
 */
export async function loadObserver({ file, options }: ObserverEntry, place: string): Promise<Observer> {
  try {
    const { default: exported } = (await import(pathToFileURL(resolve(file)).href)) as { default?: unknown };
    const made: unknown = typeof exported === 'function' ? await exported(options) : exported;
    const checked = observerSchema.safeParse(made);
    if (checked.success) {
      const { name = basename(file), on, maxLoopShare } = checked.data;
      for (const [event, handler] of Object.entries(on)) {
        if (typeof handler !== 'function') throw new Error(`on.${event}: expected a function`);
      }
      return { name, on, ...(maxLoopShare === undefined ? {} : { maxLoopShare }) };
    }
    const problems = checked.error.issues.map(({ path, message }) => `${pathText(path)}: ${message}`);
    throw new Error(`it must export an observer by default: ${problems.join('; ')}`);
  } catch (error) {
    throw new MillraceError('INVALID_REQUEST', `${place}: ${file}: ${reasonOf(error)}`, { path: place, cause: error });
  }
}
