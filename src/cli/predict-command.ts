import { type Command, InvalidArgumentError, Option } from 'commander';
import { runInOrder } from './in-order.js';
import { type ItemInput, readInputs, readItem } from './item-input.js';
import { ItemReport, type ItemResult } from './item-report.js';
import { withLocalModel } from './local-model.js';
import { kindsOf, versionFor } from './model-answers.js';
import { apiKey, DEFAULT_URL, ModelClient, type Prediction, serverFrom } from './model-client.js';
import { ProblemError } from './problem-error.js';
import { StatusLine } from './status-line.js';

const DEFAULT_CONCURRENCY = 8;
const MOST_CONCURRENCY = 256;
const MAX_TIMEOUT_MS = 86_400_000;

interface PredictFlags {
  readonly file?: string[];
  readonly url?: string;
  readonly local?: boolean;
  readonly models?: string;
  readonly modelVersion?: string;
  readonly timeoutMs?: number;
  readonly concurrency: number;
  readonly json?: boolean;
  readonly progress?: boolean;
}

/** `millrace predict`: defines it. */
export function addPredictCommand(program: Command, ended: (exitCode: number) => void): void {
  program
    .command('predict')
    .description('ask a model: of a server that runs, or with --local in this process')
    .argument('<model>', 'the name of the model')
    .argument('[input...]', 'an item each: JSON, a text, @FILE, or - for standard input')
    .option('-f, --file <paths...>', 'an item from each of these files; *.ts and the like work')
    .option('--url <address>', `the server to ask (default: MILLRACE_URL, or ${DEFAULT_URL})`)
    .addOption(
      new Option('--local', 'ask no server: load the model, and only this one, from ./models').conflicts('url'),
    )
    .addOption(new Option('--models <dir>', 'like --local, from this model folder').conflicts('url'))
    .option(
      '--model-version <version>',
      'the version to ask, by number or alias (default: as the server shares requests out)',
      versionName,
    )
    .option('--timeout-ms <number>', 'give an item up after so many milliseconds', wholeNumber(MAX_TIMEOUT_MS))
    .addOption(
      new Option('--concurrency <number>', 'items under way at the same time')
        .default(DEFAULT_CONCURRENCY)
        .argParser(wholeNumber(MOST_CONCURRENCY)),
    )
    .option('--json', 'print each item\'s output as a line of JSON, or {"error": ...}, and nothing else')
    .option('--progress', 'say how many items are done, also where standard error is no terminal')
    .addHelpText('after', explanation)
    .action(async (model: string, args: string[], flags: PredictFlags) => {
      ended(await predict(model, args, flags));
    });
}

const explanation = `
What an input means:
  Files and standard input are read as what the model takes, which "millrace
  models show" tells: bytes as they are, text in UTF-8, all else as JSON. An
  INPUT that is JSON is taken as JSON, any other as a text. A text that begins
  with @, or is - alone, goes in quotes of JSON: '"@home"'.

Examples:
  millrace predict penguins '[45.5, 17, 196, 3500]'
  millrace predict magika --file src/*.ts
  echo 'Wo ist der Bahnhof?' | millrace predict lande -
  millrace predict penguins --local --json @penguin.json

A server that asks for an API key gets that of the variable MILLRACE_API_KEY.

With --local the settings are those of "millrace serve": millrace.yaml and
MILLRACE_... variables. The exit code is 0 if every item was answered, 1 if one
was not, and 2 if the command line is wrong.`;

/** @returns the exit code */
async function predict(model: string, args: readonly string[], flags: PredictFlags): Promise<number> {
  const inputs = readInputs(args, flags.file ?? []);
  const status = new StatusLine(flags.progress ?? false);
  const ask = (url: URL, key?: string) => {
    const advice = 'start one with `millrace serve`, or add --local to load the model here';
    return askForAll(new ModelClient(url, { advice, apiKey: key }), { model, inputs, flags, status });
  };
  try {
    if (flags.local !== true && flags.models === undefined) return await ask(serverFrom(flags.url), apiKey());
    status.say(`loading ${model}`);
    const local = { name: model, folder: flags.models, ...(inputs.length === 1 ? { instances: 1 } : {}) };
    return await withLocalModel(local, (url) => ask(new URL(url)));
  } finally {
    status.clear();
  }
}

interface Questions {
  readonly model: string;
  readonly inputs: readonly ItemInput[];
  readonly flags: PredictFlags;
  readonly status: StatusLine;
}

/**
 * @returns the exit code: what is wrong with an item is reported and keeps no other from being asked
 * @throws ProblemError if the model cannot be asked at all
 */
async function askForAll(client: ModelClient, { model, inputs, flags, status }: Questions): Promise<number> {
  status.clear();
  const { modelVersion: version, timeoutMs, concurrency, json: isJson = false } = flags;
  const { description } = await client.describe(model);
  const kinds = kindsOf(versionFor(description, version));
  const report = new ItemReport({ model, total: inputs.length, isJson }, status);
  await runInOrder(inputs, {
    concurrency,
    run: async (input): Promise<ItemResult> => {
      const outcome = outcomeOf(async () =>
        client.predict(model, await readItem(input, kinds), { version, timeoutMs }),
      );
      return { input, outcome: await outcome };
    },
    deliver: (result) => report.add(result),
    progress: (done) => status.progress(done, inputs.length),
  });
  report.end();
  return report.failures === 0 ? 0 : 1;
}

async function outcomeOf(run: () => Promise<Prediction>): Promise<Prediction | ProblemError> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof ProblemError) return error;
    throw error;
  }
}

function versionName(text: string): string {
  if (/^(?:[1-9]\d*|[A-Za-z][\w-]{0,63})$/.test(text)) return text;
  throw new InvalidArgumentError('Expected a whole number from 1, or an alias.');
}

function wholeNumber(most: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= 1 && number <= most) return number;
    throw new InvalidArgumentError(`Expected a whole number from 1 to ${most}.`);
  };
}
