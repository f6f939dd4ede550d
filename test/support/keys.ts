import { createHash } from 'node:crypto';
import type { KeyEntry } from '#src/http/api-keys.js';

/** A key that the server may know, and its entry in the keys file. */
export interface TestKey {
  readonly key: string;
  readonly entry: KeyEntry;
}

/** A key that is told apart by its name, with every scope unless `entry` says otherwise. */
export function testKey(name: string, entry: Partial<KeyEntry> = {}): TestKey {
  const key = `mk_test-${name}`;
  const sha256 = createHash('sha256').update(key).digest('hex');
  return { key, entry: { tenant: name, sha256, scopes: ['infer', 'jobs', 'admin', 'metrics'], ...entry } };
}

/** A keys file; JSON is YAML too. */
export function keysFile(...keys: readonly TestKey[]): string {
  return JSON.stringify(keys.map(({ entry }) => entry));
}

/** The header that brings a key. */
export function bearer({ key }: TestKey): { authorization: string } {
  return { authorization: `Bearer ${key}` };
}
