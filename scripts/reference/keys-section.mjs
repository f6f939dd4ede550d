// The section of docs/configuration.md about keys, and the connections that they travel on.
import { z } from 'zod';
import { keyEntrySchema } from '#src/http/api-keys.js';
import { keysYaml } from './example-files.mjs';
import { block, code, table } from './markdown.mjs';

export function keysSection() {
  return `
## Keys

With \`auth: {keys_file: FILE}\` every request needs a key, sent as \`Authorization: Bearer KEY\` or as \`X-Api-Key: KEY\`;
only \`/\`, \`/docs\`, \`/openapi.yaml\`, \`/healthz/…\` and \`/version\` are open to everybody. The file knows keys by their SHA-256
alone. This makes one, shows it once, and appends its entry:

${block('sh', 'millrace keys new --tenant search --scopes infer,jobs >> keys.yaml')}

${block('yaml', keysYaml)}

${table(['Key', 'Always', 'Meaning'], entryRows())}

${table(
  ['Scope', 'What it opens'],
  [
    ['`infer`', 'predictions, and what is served'],
    ['`jobs`', 'how jobs of the same tenant stand, and cancelling them'],
    ['`metrics`', '`GET /metrics`'],
    ['`admin`', 'nothing yet'],
  ],
)}

Jobs belong to the tenant whose key asked for them; to others they do not exist, and each tenant may use whatever ids it
likes. To exchange a key, put the new one beside the old one, and take the old one out when nobody uses it any more.

The keys file and the files of \`tls\` are looked at every second and read again when they have changed, without a restart. If
they cannot be used, the log says so and what was read before stays. Keys belong on TLS: with \`tls\`, or behind a proxy
that speaks it.`;
}

function entryRows() {
  const { properties, required } = z.toJSONSchema(keyEntrySchema);
  return Object.entries(properties).map(([name, { description }]) => {
    return [code(name), required.includes(name) ? 'yes' : '', description];
  });
}
