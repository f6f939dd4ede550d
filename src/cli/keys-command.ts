import { MillraceError } from '../core/errors.js';
import { describeIssues } from '../core/zod-issues.js';
import { type KeyEntry, keyEntrySchema, newKey } from '../http/api-keys.js';

/**
 * `millrace keys new`: makes a key. Its entry goes to standard output, to be appended to the keys file; the key itself
 * goes to standard error, so that it never ends up there, and is shown this once.
 *
 * @returns the exit code
 * @throws MillraceError INVALID_REQUEST if the server would not take such an entry
 */
export function newKeyEntry({ tenant, scopes = '', name, expires }: Record<string, string>): number {
  const { key, sha256 } = newKey();
  const sent = { tenant, sha256, scopes: scopes.split(','), ...(name && { name }), ...(expires && { expires }) };
  const result = keyEntrySchema.safeParse(sent);
  if (!result.success) {
    const lines = describeIssues(result.error, keyEntrySchema, sent).map(
      ({ path, message }) => `--${path}: ${message}`,
    );
    throw new MillraceError('INVALID_REQUEST', lines.join('\n'));
  }
  console.error(`${key}\n\nThis is the key, shown this once; its entry for the keys file goes to standard output:\n`);
  console.log(entryText(result.data));
  return 0;
}

/** As YAML. Texts are quoted as in JSON, which YAML takes: a name may look like a number. */
function entryText({ name, tenant, sha256, scopes, expires }: KeyEntry): string {
  const lines = [
    ...(name === undefined ? [] : [`name: ${JSON.stringify(name)}`]),
    `tenant: ${JSON.stringify(tenant)}`,
    `sha256: "${sha256}"`,
    `scopes: [${scopes.join(', ')}]`,
    ...(expires === undefined ? [] : [`expires: ${expires}`]),
  ];
  return lines.map((line, index) => `${index === 0 ? '- ' : '  '}${line}`).join('\n');
}
