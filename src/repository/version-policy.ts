import { z } from 'zod';

/** `versions`: which version folders are served. */
export const versionsSchema = z
  .union([
    z.literal('all'),
    z.strictObject({ latest: z.int().min(1).describe('So many of the newest') }),
    z.array(z.union([z.int().min(1), z.string().regex(/^[1-9]\d*$/)]).describe('A version number')).min(1),
  ])
  .default({ latest: 1 })
  .describe('Version folders to serve: all, so many of the newest, or those listed');

export type VersionPolicy = z.output<typeof versionsSchema>;

/**
 * The versions to serve, of those that are there, oldest first; and those that were asked for by number and are not.
 *
 * @param present version numbers as strings, in any order
 */
export function selectVersions(
  policy: VersionPolicy,
  present: readonly string[],
): { serve: string[]; missing: string[] } {
  const ordered = [...present].sort((a, b) => compareVersions(a, b));
  if (policy === 'all') return { serve: ordered, missing: [] };
  if (!Array.isArray(policy)) return { serve: ordered.slice(-policy.latest), missing: [] };
  const wanted = new Set(policy.map(String));
  return {
    serve: ordered.filter((version) => wanted.has(version)),
    missing: [...wanted].filter((version) => !present.includes(version)),
  };
}

/** Orders version numbers, however long they are. */
export function compareVersions(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : Number(a > b));
}
