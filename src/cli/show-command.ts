import { type Command, Option } from 'commander';
import { descriptionText } from './description-text.js';
import { withLocalModel } from './local-model.js';
import { apiKey, ModelClient, serverUrl } from './model-client.js';
import { jsonLine } from './printable.js';
import { StatusLine } from './status-line.js';

interface ShowFlags {
  readonly models?: string;
  readonly url?: string;
  readonly json?: boolean;
}

/** `millrace models show`: defines it. */
export function addShowCommand(models: Command, ended: (exitCode: number) => void): void {
  models
    .command('show')
    .description('say what a model takes and gives, how it is run, and how to call it')
    .argument('<model>', 'the name of the model')
    .addOption(
      new Option('--models <dir>', 'the model folder; the model is loaded from it (default: ./models)').conflicts(
        'url',
      ),
    )
    .option('--url <address>', 'ask this server instead, such as http://127.0.0.1:8000')
    .option('--json', 'print what GET /models/NAME says')
    .action(async (model: string, flags: ShowFlags) => {
      await show(model, flags);
      ended(0);
    });
}

async function show(model: string, { models, url, json: isJson = false }: ShowFlags): Promise<void> {
  const advice = 'start one with `millrace serve`, or leave --url out to load the model here';
  const ask = (address: URL, key?: string) => new ModelClient(address, { advice, apiKey: key }).describe(model);
  const answer = url === undefined ? await askHere(model, models, ask) : await ask(serverUrl(url, '--url'), apiKey());
  console.log(isJson ? jsonLine(answer.text) : descriptionText(answer.description));
}

type Answer = Awaited<ReturnType<ModelClient['describe']>>;

async function askHere(
  name: string,
  folder: string | undefined,
  ask: (address: URL) => Promise<Answer>,
): Promise<Answer> {
  const status = new StatusLine(false);
  status.say(`loading ${name}`);
  try {
    return await withLocalModel({ name, folder }, (url) => ask(new URL(url)));
  } finally {
    status.clear();
  }
}
