import type { Command } from 'commander';
import { MillraceError } from '../core/errors.js';
import { describeIssues } from '../core/zod-issues.js';
import { type KeyEntry, keyEntrySchema, newKey } from '../http/api-keys.js';

/** `millrace keys`: defines it. */
export function addKeysCommand(program: Command, ended: (exitCode: number) => void): void {
  program
    .command('keys')
    .description('keys for those who may use the server')
    .command('new')
    .description('make a key; its entry for the keys file goes to standard output, the key itself to standard error')
    .requiredOption('--tenant <name>', 'whom the key belongs to')
    .requiredOption('--scopes <list>', 'what it may be used for, such as infer,jobs')
    .option('--name <text>', 'what you call it')
    .option('--expires <date>', 'the day or time from which it is no longer taken, such as 2027-01-31')
    .action((flags: Record<string, string>) => {
      printNewKey(flags);
      ended(0);
    });
}

/**
 * The entry of a new key goes to standard output, to be appended to the keys file; the key itself goes to standard
 * error, so that it never ends up there, and is shown this once.
 *
 * @throws MillraceError INVALID_REQUEST if the server would not take such an entry
 */
function printNewKey({ tenant, scopes = '', name, expires }: Record<string, string>): void {
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
  // The file may not end in a newline, and the entry must not go on in its last line.
  console.log(`\n${entryText(result.data)}`);
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
