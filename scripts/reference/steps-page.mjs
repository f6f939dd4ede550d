// docs/steps.md: every step of a pipeline, with its options.
import { stepCatalogue } from '#src/pipelines/step-catalogue.js';
import { code, oneOf, page, table } from './markdown.mjs';
import { sectionsOf } from './settings.mjs';

export function stepsPage() {
  const introduction = `
What can stand in \`pipeline.preprocess\` and \`pipeline.postprocess\` of a [model.yaml](configuration.md#modelyaml);
[pipelines.md](pipelines.md) tells how to put them together. A step is written as its name, or as its name with options:
\`- softmax\`, \`- resize: { width: 224, height: 224 }\`. Where a short form is given, a single value may stand for the options.`;
  return page('Steps', introduction, overview(), ...stepCatalogue.map(section));
}

function overview() {
  const rows = stepCatalogue.map(({ name, takes, gives, summary }) => {
    return [`[${code(name)}](#${name})`, takes.join(', '), gives.join(', '), summary];
  });
  return table(['Step', 'Takes', 'Gives', 'What it does'], rows);
}

function section({ name, summary, takes, gives, options, shorthand }) {
  const settings = sectionsOf(options).flatMap((part) => part.settings);
  const kinds = `Takes ${oneOf(takes.map(code))}, gives ${oneOf(gives.map(code))}.`;
  const short = shorthand === undefined ? '' : ` Short form: \`${name}: VALUE\` for ${code(shorthand)}.`;
  const head = `## ${name}\n\n${summary}. ${kinds}${short}`.replace('..', '.');
  if (settings.length === 0) return `${head} It has no options.`;
  const rows = settings.map(({ path, values, default: text = '—', meaning }) => [code(path), values, text, meaning]);
  return `${head}\n\n${table(['Option', 'Values', 'Default', 'Meaning'], rows)}`;
}
