import type { Command } from 'commander';
import { apiKey, DEFAULT_URL, ModelClient, serverFrom } from './model-client.js';
import { printable } from './printable.js';

const ADVICE = 'start one with `millrace serve --model-control explicit`';

/** `millrace models load` and `unload`: defines them. */
export function addControlCommands(models: Command, ended: (exitCode: number) => void): void {
  for (const [what, description] of [
    ['load', 'have a server load a model as it lies in its folder now, without a gap if it is served already'],
    ['unload', 'have a server unload a model, once it has finished what it accepted'],
  ] as const) {
    models
      .command(what)
      .description(`${description}; the server must run with --model-control explicit`)
      .argument('<model>', 'the name of the model')
      .option('--url <address>', `the server to ask (default: MILLRACE_URL, or ${DEFAULT_URL})`)
      .action(async (model: string, { url }: { url?: string }) => {
        const client = new ModelClient(serverFrom(url), { advice: ADVICE, apiKey: apiKey() });
        const { versions } = await client.control(model, what);
        for (const { version, state, reason } of versions) {
          console.log(printable(`${model}, version ${version}  ${state}${reason === undefined ? '' : `: ${reason}`}`));
        }
        ended(0);
      });
  }
}
