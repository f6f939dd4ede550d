import { type ModelEntry, newestOf } from '../serving/model-entry.js';
import { exampleRequest } from './example-request.js';
import { standing } from './model-description.js';

/**
 * The page at `/`: what is served, and how to call it.
 *
 * @param entries undefined for somebody who may not know what is served
 */
export function welcomePage({
  entries,
  version,
  origin,
  needsKey,
}: {
  entries: readonly ModelEntry[] | undefined;
  version: string;
  origin: string;
  needsKey: boolean;
}): string {
  const lines = [`millrace ${version}`, '', ...(entries === undefined ? [FOR_STRANGERS] : modelLines(entries))];
  for (const { name, form, versions } of entries ?? []) {
    const model = newestOf(versions);
    if (model?.loaded === undefined || model.state !== 'READY') continue;
    const example = exampleRequest({ name, form }, model.loaded);
    if (!('example' in example) || JSON.stringify(example.example).length > 400) continue;
    lines.push(
      '',
      'Try one:',
      `  curl ${origin}/predict -H 'content-type: application/json'${needsKey ? KEY_HEADER : ''} \\`,
      `    -d '${JSON.stringify(example.example).replaceAll("'", String.raw`'\''`)}'`,
    );
    break;
  }
  lines.push('', 'More:');
  for (const [path, text] of pages) lines.push(`  ${path.padEnd(40)} ${text}`.trimEnd());
  return `${lines.join('\n')}\n`;
}

const KEY_HEADER = " -H 'authorization: Bearer KEY'";
const FOR_STRANGERS = `What is served is shown to who sends a key with the scope infer: curl${KEY_HEADER}`;

function modelLines(entries: readonly ModelEntry[]): string[] {
  if (entries.length === 0) return ['No models are served: the model folder is empty.'];
  const lines = entries.map((entry) => {
    const { state, reason } = standing(entry);
    return `  ${entry.name}  ${state}${reason === undefined ? '' : `: ${reason}`}`;
  });
  return ['Models:', ...lines];
}

const pages = [
  ['POST /predict', 'a prediction; the model may also stand in the path:'],
  ['POST /models/NAME/predict, POST /models/NAME/versions/N/predict', ''],
  ['GET /models', 'what is served'],
  ['GET /models/NAME', 'inputs, outputs, batching, and an example request'],
  ['POST /models/NAME/load, /unload', 'with --model-control explicit'],
  ['GET /jobs/ID, DELETE /jobs/ID', 'how a job stands; cancel it'],
  ['GET /healthz/live, GET /healthz/ready', 'for probes'],
  ['GET /docs, GET /openapi.yaml', 'all of this, to try out and for programs'],
  ['/v2/…', 'the Open Inference Protocol, for clients of Triton, KServe and MLServer'],
  ['GET /version, GET /metrics', 'which server this is; figures for Prometheus'],
] as const;
