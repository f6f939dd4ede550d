// docs/configuration.md: the settings of the server, its limits, and the keys of model.yaml.
import { z } from 'zod';
import { serverConfigSchema } from '#src/config.js';
import { environmentLayer } from '#src/config-sources.js';
import { MAX_NESTING } from '#src/core/nesting.js';
import { predictEnvelopeSchema } from '#src/http/predict-envelope.js';
import { FINISHED_TTL_MS, MAX_FINISHED } from '#src/jobs/job-registry.js';
import { providerNames } from '#src/runtime/execution-providers.js';
import { modelConfigSchema } from '#src/serving/model-config.js';
import { modelYaml, serverYaml } from './example-files.mjs';
import { keysSection } from './keys-section.mjs';
import { block, code, oneOf, page, table } from './markdown.mjs';
import { readable, sectionsOf } from './settings.mjs';

export function configurationPage() {
  const sections = sectionsOf(serverConfigSchema);
  const limits = sections.find(({ name }) => name === 'limits');
  const others = sections.filter((section) => section !== limits);
  return page(
    'Configuration',
    introduction,
    serverSettings(others),
    keysSection(),
    limitsSection(limits),
    providers,
    modelSection(),
  );
}

const { nameOf } = environmentLayer({});

const introduction = `
The server needs no configuration. What is to be different can be said in four places; a later one counts more:

1. the defaults below;
2. \`millrace.yaml\` in the working directory, or the file that \`--config FILE\` or \`MILLRACE_CONFIG\` names;
3. variables \`MILLRACE_…\`: two underscores stand for the dot, and values are read as YAML, so that
   \`MILLRACE_EXECUTION_PROVIDERS='[cuda, cpu]'\` is a list;
4. the flags of \`millrace serve\`: \`--models\`, \`--host\`, \`--port\`, \`--grpc-port\`, \`--metrics-port\`, \`--keys\` (for
   \`auth.keys_file\`), \`--auth\`, \`--model-control\` and \`--log-level\`.

The names are the same everywhere, also in a program of your own: \`createServer({ limits: { max_rows: 64 } })\`. Names that
do not exist and values that do not fit keep the server from starting; it tells all of them at once. Names that end in
\`_ms\` are milliseconds, in \`_bytes\` bytes.

${block('yaml', serverYaml)}

The same without a file:

${block(
  'sh',
  `MILLRACE_HOST=0.0.0.0 MILLRACE_AUTH__KEYS_FILE=/etc/millrace/keys.yaml \\
MILLRACE_TLS__CERT=/etc/millrace/cert.pem MILLRACE_TLS__KEY=/etc/millrace/key.pem \\
MILLRACE_LIMITS__TIMEOUT_MS=5000 MILLRACE_LOG__LEVEL=warn \\
  millrace serve --models /srv/models`,
)}

Settings of one model stand beside it, in its [model.yaml](#modelyaml).`;

function serverSettings(sections) {
  const rows = sections.flatMap(({ settings }) => settings.map(serverRow));
  return `## The server\n\n${table(['Setting', 'Variable', 'Values', 'Default', 'Meaning'], rows)}`;
}

function serverRow({ path, values, default: text = '—', meaning }) {
  return [code(path), code(nameOf(path)), values, text, meaning];
}

/** The limits that can be set, and then those that cannot. */
function limitsSection({ meaning, settings }) {
  const { id, parameters } = z.toJSONSchema(predictEnvelopeSchema, { io: 'input' }).properties;
  const longestTimeout = parameters.properties.timeout_ms.maximum;
  const rows = [
    ...settings.map(serverRow),
    fixedRow(MAX_NESTING, 'Levels of nesting in a JSON body or a YAML file'),
    fixedRow(id.maxLength, 'Characters of the id that a client gives a job'),
    fixedRow(longestTimeout, 'The longest `parameters.timeout_ms` of a request', 'request_ms'),
    fixedRow(FINISHED_TTL_MS, 'A finished job is known to `GET /jobs/ID` for so long', 'finished_ms'),
    fixedRow(MAX_FINISHED, 'Finished jobs that are known, of each tenant'),
  ];
  const perModel = sectionsOf(modelConfigSchema).find(({ name }) => name === 'limits').settings;
  const names = oneOf(
    perModel.map(({ path }) => code(path.slice('limits.'.length))),
    'and',
  );
  return `## Limits

${meaning}.

A model can set ${names} for itself, in its
[model.yaml](#modelyaml). A request that goes beyond a limit is refused with an [error](errors.md); a connection beyond
\`limits.connections\` is closed unanswered.

${table(['Setting', 'Variable', 'Values', 'Default', 'Meaning'], rows)}`;
}

function fixedRow(value, meaning, path = '') {
  return ['(fixed)', '', '', `${code(value)}${readable(path, value)}`, meaning];
}

const providers = `
## Execution providers

\`execution_providers\` is a list in order of preference, of ${oneOf(providerNames.map(code), 'and')}. One
with options is a mapping: \`[{name: cuda, options: {deviceId: 1}}, cpu]\`. Which list counts depends on the model's
\`instances.device\`:

${table(
  ['`device`', 'What runs the model'],
  [
    ['`auto`', "the model's list, else the server's, else CUDA where its libraries and a GPU are there, else the CPU"],
    ['`cpu`', "the model's list, else the CPU"],
    ['`gpu:N`', "the model's list, else CUDA, on GPU number N"],
  ],
)}

Whatever a list names is tried before a model gets it. A provider that does not work on this machine is left out, with a
warning in the log; if none of the list is left, the model is UNAVAILABLE and says why. \`GET /models/NAME\` and the metric
\`millrace_model_info\` tell which provider a model really runs on.`;

function modelSection() {
  const atServer = new Set(sectionsOf(serverConfigSchema).flatMap(({ settings }) => settings.map(({ path }) => path)));
  const row = ({ path, values, default: text, meaning }) => {
    return [code(path), values, text ?? (atServer.has(path) ? "the server's" : '—'), meaning];
  };
  const parts = sectionsOf(modelConfigSchema).map(({ name, meaning, settings }) => {
    const heading = name === '' ? '### The model' : `### ${name}\n\n${meaning}.`;
    return `${heading}\n\n${table(['Key', 'Values', 'Default', 'Meaning'], settings.map(row))}`;
  });
  return `
## model.yaml

A model needs no configuration either: names, shapes and datatypes come from the model, and the batch axis is found. What
is to be different stands in \`models/NAME/model.yaml\`, beside the folders of the versions. A model whose file is wrong
is UNAVAILABLE, and the others are served; \`GET /models/NAME\` says what is wrong with it, and
\`millrace models check\` says so without serving.

${block('yaml', modelYaml)}

${parts.join('\n\n')}`;
}
