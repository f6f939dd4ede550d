import { z } from 'zod';

const ALIAS = /^[A-Za-z][\w-]{0,63}$/;
/** The alias that gets what the weights leave over. */
const STABLE = 'stable';
/** What every model has: its newest version that can be used. */
export const LATEST = 'latest';

const versionSchema = z
  .union([z.int().min(1), z.string().regex(/^[1-9]\d*$/)])
  .transform(String)
  .describe('A version number');

/** `aliases`: names for versions, and how requests that name no version are shared out among them. */
export const aliasesSchema = z
  .record(
    z
      .string()
      .regex(ALIAS)
      .refine((name) => name !== LATEST, 'latest always means the newest version'),
    z.union([
      versionSchema.transform((version) => ({ version, weight: 0 })),
      z.strictObject({
        version: versionSchema,
        weight: z.number().min(0).max(100).default(0).describe('Per cent of the requests that name no version'),
      }),
    ]),
  )
  .default({})
  .refine((aliases) => Object.values(aliases).reduce((sum, { weight }) => sum + weight, 0) <= 100, {
    message: 'the weights are per cents, and may not come to more than 100',
  })
  .describe(
    'Names for versions, such as `stable: 3` or `canary: {version: 4, weight: 10}`; what the weights leave goes to `stable`, else to the newest version',
  );

export type Aliases = z.output<typeof aliasesSchema>;

/** Who asks, as far as it matters to which version the request goes. */
export interface RouteKey {
  /** Requests of one key always go to the same side; undefined for a client that has none. */
  readonly key: string | undefined;
  /** Counts the requests without a key. */
  readonly sequence: number;
}

/** The version that a request means which names an alias; undefined if there is no such alias. */
export function versionOf(aliases: Aliases, name: string): string | undefined {
  return Object.hasOwn(aliases, name) ? aliases[name]?.version : undefined;
}

/**
 * The version that a request without one goes to, by the weights of the aliases; undefined for the newest.
 *
 * With a key, each side draws a number of the key and its own name, and the highest score, weight / -ln(number), wins:
 * rendezvous hashing (Thaler and Ravishankar, 1998) with weights (Schindelhauer and Schomaker, 2005). A key keeps its
 * side, and a changed weight moves no more keys than it must. Without one, requests are dealt out by the golden ratio's
 * multiples (Weyl, 1916), so that also ten requests in a row keep to the shares.
 */
export function routedVersion(aliases: Aliases, { key, sequence }: RouteKey): string | undefined {
  const weighted = Object.entries(aliases).filter(([, { weight }]) => weight > 0);
  const stable = versionOf(aliases, STABLE);
  const left = 100 - weighted.reduce((sum, [, { weight }]) => sum + weight, 0);
  if (weighted.length === 0) return stable;
  const sides = weighted.map(([name, { version, weight }]) => ({
    name,
    version: version as string | undefined,
    weight,
  }));
  if (left > 0) sides.push({ name: '', version: stable, weight: left });
  return (key === undefined ? dealt(sides, sequence) : drawn(sides, key)).version;
}

interface Side {
  readonly name: string;
  readonly version: string | undefined;
  readonly weight: number;
}

function dealt(sides: readonly Side[], sequence: number): Side {
  let point = ((sequence * 0.618_033_988_749_895) % 1) * 100;
  for (const side of sides) {
    if (point < side.weight) return side;
    point -= side.weight;
  }
  return sides.at(-1) as Side;
}

function drawn(sides: readonly Side[], key: string): Side {
  const score = ({ name, weight }: Side) => weight / -Math.log(unitHash(`${name}\n${key}`));
  return sides.reduce((best, side) => (score(side) > score(best) ? side : best));
}

/** A number in (0, 1) from a text: FNV-1a (Fowler, Noll and Vo) with the finaliser of MurmurHash3 (Appleby), which spreads it. */
function unitHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (((hash ^ (hash >>> 16)) >>> 0) + 0.5) / 2 ** 32;
}
