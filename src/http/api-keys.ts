import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { reasonOf } from '../core/errors.js';
import { readYaml } from '../core/yaml-document.js';
import { pathText } from '../core/zod-issues.js';
import { type Caller, type Scope, scopes } from './access.js';

/** The scopes that a key can have. */
const keyScopes = scopes.filter((scope) => scope !== 'public');

/** A key as the server knows it: never itself. */
export interface ApiKey extends Caller {
  readonly tenant: string;
  /** SHA-256 of the key. */
  readonly digest: Buffer;
  readonly scopes: ReadonlySet<Scope>;
  /** Milliseconds since the Unix epoch; Infinity for a key that does not expire. */
  readonly expiresAt: number;
}

/** One entry of the keys file. */
export const keyEntrySchema = z.strictObject({
  name: z.string().max(128).exactOptional().describe('What the operator calls the key'),
  tenant: z
    .string()
    .regex(/^[A-Za-z0-9][\w.-]{0,127}$/, 'expected letters, digits, "_", "." and "-", at most 128')
    .describe('Whom the key belongs to; tenants see nothing of the jobs of others'),
  sha256: z
    .string()
    .regex(/^[\da-f]{64}$/i, 'expected the SHA-256 of the key, as 64 hexadecimal digits')
    .describe('The SHA-256 of the key, as 64 hexadecimal digits'),
  scopes: z.array(z.enum(keyScopes)).min(1).describe('What the key may be used for'),
  expires: z
    .string()
    .refine(isDayOrTime, 'expected a day such as 2027-01-31, or a time such as 2027-01-31T12:00:00Z')
    .exactOptional()
    .describe('The day, in UTC, or the time from which the key is no longer taken'),
});

export type KeyEntry = z.output<typeof keyEntrySchema>;

/**
 * Reads the keys file, a YAML list of entries.
 *
 * @throws Error that says what is wrong and where, and repeats nothing of what stands there: somebody may have put a
 * key where its hash belongs
 */
export function readKeys(text: string): ApiKey[] {
  const result = z.array(keyEntrySchema).safeParse(yamlOf(text));
  if (!result.success) throw new Error(problemIn(result.error));
  const keys = result.data.map(({ tenant, sha256, scopes, expires }) => ({
    tenant,
    digest: Buffer.from(sha256, 'hex'),
    scopes: new Set<Scope>(scopes),
    expiresAt: expires === undefined ? Number.POSITIVE_INFINITY : Date.parse(expires),
  }));
  for (const [index, { digest }] of keys.entries()) {
    const first = keys.findIndex((other) => other.digest.equals(digest));
    if (first < index) throw new Error(`[${index}].sha256: expected another key than that of [${first}]`);
  }
  return keys;
}

/**
 * Finds the key that was sent, expired or not. All keys are compared, each to its end and whichever fits, so that the
 * time it takes says nothing about any of them.
 */
export function findKey(keys: readonly ApiKey[], sent: string): ApiKey | undefined {
  const digest = digestOf(sent);
  let found: ApiKey | undefined;
  for (const key of keys) if (timingSafeEqual(key.digest, digest)) found = key;
  return found;
}

/** A new key, of 256 random bits, with the hash by which the server will know it. */
export function newKey(): { key: string; sha256: string } {
  const key = `mk_${randomBytes(32).toString('base64url')}`;
  return { key, sha256: digestOf(key).toString('hex') };
}

function isDayOrTime(text: string): boolean {
  return z.iso.date().safeParse(text).success || z.iso.datetime({ offset: true }).safeParse(text).success;
}

function digestOf(key: string): Buffer {
  return createHash('sha256').update(key, 'latin1').digest();
}

function yamlOf(text: string): unknown {
  let reason: string;
  try {
    return readYaml(text);
  } catch (error) {
    reason = reasonOf(error);
  }
  // The parser may quote what it does not understand, and so might whoever prints a cause.
  const [place = 'somewhere'] =
    /at line \d+, column \d+|the file (is larger|has more|nests deeper) .*/.exec(reason) ?? [];
  throw new Error(`not YAML that this server takes: ${place}`);
}

function problemIn({ issues }: z.ZodError): string {
  const [{ path, code, message } = { path: [], code: 'custom', message: 'wrong' }] = issues;
  const known = Object.keys(keyEntrySchema.shape).join(', ');
  const text = code === 'unrecognized_keys' ? `expected only ${known}` : message.replace(/^Invalid \w+: /, '');
  return `${pathText(path)}: ${text}`;
}
