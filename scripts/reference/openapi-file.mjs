// openapi.yaml: the HTTP API, as src/http/openapi describes it.
import { stringify } from 'yaml';
import { openApiDocument } from '#src/http/openapi/document.js';
import { version } from '#src/version.js';

const NOTE = '# Written by scripts/docs.mjs from the tables and schemas in src/http.\n';

export function openApiFile() {
  // Without anchors, which not every tool follows, and with texts on one line, so that a word changes one line.
  return NOTE + stringify(openApiDocument(version), { aliasDuplicateObjects: false, lineWidth: 0 });
}
