import type { ModelDescription, PipelineDescription, TensorDescription, VersionDescription } from './model-answers.js';
import { duration, printable } from './printable.js';
import { tableText } from './table.js';

const SERVER = 'http://127.0.0.1:8000';
/** Longer examples are left to programs. */
const MAX_EXAMPLE = 1_000;

/** A model for people: the state of each version, what it takes and gives, how it is run, and how to call it. */
export function descriptionText({ name, state, reason, versions }: ModelDescription): string {
  const parts = versions.map((version) => versionText(name, version));
  return printableLines(parts.length === 0 ? `${name}  ${stateText(state, reason)}` : parts.join('\n\n'));
}

function versionText(name: string, version: VersionDescription): string {
  const { inputs = [], outputs = [], pipeline } = version;
  const tensors = [...tensorRows('input', inputs), ...tensorRows('output', outputs)];
  const blocks = [
    tensors.length === 0 ? '' : tableText({ rows: tensors }),
    factsText(version),
    pipeline === undefined ? '' : pipelineText(pipeline),
    exampleText(name, version),
  ];
  const head = `${name}, version ${version.version}  ${stateText(version.state, version.reason)}`;
  return [head, ...blocks.filter((block) => block !== '').map(indented)].join('\n\n');
}

function stateText(state: string, reason: string | undefined): string {
  return reason === undefined ? state : `${state}: ${reason}`;
}

function tensorRows(kind: string, tensors: readonly TensorDescription[]): string[][] {
  return tensors.map(({ name, datatype, shape, symbols, batch_axis: axis }) => {
    const sizes = shape.map((size, index) => symbols[index] ?? (size === -1 ? '?' : String(size)));
    return [kind, name, `${datatype}[${sizes.join(', ')}]`, axis === null ? 'no batch axis' : `batch axis ${axis}`];
  });
}

/** How the model is run. */
function factsText({ batching, instances, limits, execution_provider: provider }: VersionDescription): string {
  const rows: string[][] = [];
  if (batching !== undefined) {
    const { batched, reason, policy, max_batch_size: size, max_queue_delay_ms: delay } = batching;
    const wait = delay === 0 ? 'without waiting for more' : `waiting up to ${delay} ms for more`;
    const one = `one item at a time${reason === undefined ? '' : `: ${reason}`}`;
    rows.push(['batching', batched ? `${policy}, up to ${size} items, ${wait}` : one]);
  }
  if (instances !== undefined) {
    const { count, live, restarts, isolation } = instances;
    rows.push(['instances', `${live} of ${count} live, each a ${isolation}, ${restarts} restarts`]);
  }
  if (provider !== undefined) rows.push(['provider', provider]);
  if (limits !== undefined) {
    const { queue_rows: queueRows, queue_bytes: bytes, timeout_ms: ms } = limits;
    rows.push(['limits', `${queueRows} items or ${bytesText(bytes)} in the queue, ${duration(ms)} an item`]);
  }
  return rows.length === 0 ? '' : tableText({ rows });
}

/** What flows from step to step: one chain before the model for each kind of item, one after it. */
function pipelineText({ takes, gives, preprocess, postprocess }: PipelineDescription): string {
  const stepRows = (where: string, { steps }: PipelineDescription['postprocess']) =>
    steps.map((step, index) => [index === 0 ? where : '', step.step, step.takes, '->', step.gives]);
  const before = Object.entries(preprocess).flatMap(([kind, chain]) => stepRows(`from ${kind}`, chain));
  const rows = [...before, ...stepRows('answer', postprocess)];
  const head = `pipeline: takes ${takes.join(' or ')}, gives ${gives}`;
  return rows.length === 0 ? head : `${head}\n${tableText({ rows })}`;
}

/** A request that works, in both ways to send it. */
function exampleText(name: string, { example, example_left_out: why }: VersionDescription): string {
  if (example === undefined) return why === undefined ? '' : `no example: ${why}`;
  const input = JSON.stringify(example.input);
  if (input.length > MAX_EXAMPLE) return `the example has ${input.length} characters: --json shows it`;
  return [
    'try it:',
    `  millrace predict ${name} ${quoted(input)}`,
    `  curl ${SERVER}/models/${name}/predict -H 'content-type: application/json' \\`,
    `    -d ${quoted(`{"input":${input}}`)}`,
  ].join('\n');
}

/** As a POSIX shell reads it back. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function bytesText(bytes: number): string {
  const mebibytes = bytes / 2 ** 20;
  return mebibytes < 1 ? `${bytes} bytes` : `${Number(mebibytes.toFixed(1))} MiB`;
}

function indented(block: string): string {
  return block.replaceAll(/^/gm, '  ');
}

function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}
