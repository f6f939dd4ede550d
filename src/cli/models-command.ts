import type { Command } from 'commander';
import { resolveConfig } from '../config.js';
import type { Millrace } from '../millrace-server.js';
import { shapeText } from '../model/signature.js';
import { scanRepository } from '../repository/model-repository.js';
import { readModelConfig } from '../serving/model-config.js';
import type { ServedModel } from '../serving/served-model.js';
import { addControlCommands } from './control-command.js';
import { startServerLazily } from './lazy-server.js';
import { settingsLayers } from './settings.js';
import { addShowCommand } from './show-command.js';

/** `millrace models`: defines it and what it can do. */
export function addModelsCommand(program: Command, ended: (exitCode: number) => void): void {
  const models = program
    .command('models')
    .description('look at models without serving them; load and unload those of a server');
  models
    .command('list')
    .description('list the models of a folder and what is wrong with them, without loading them')
    .argument('[dir]', 'the model folder', './models')
    .action(async (dir: string) => {
      ended(await listModels(dir));
    });
  models
    .command('check')
    .description('load each model of a folder, probe it, and say how it would be served; exits with 1 if one cannot be')
    .argument('[dir]', 'the model folder', './models')
    .action(async (dir: string) => {
      ended(await checkModels(dir));
    });
  addShowCommand(models, ended);
  addControlCommands(models, ended);
}

/** What lies in a folder. */
async function listModels(folder: string): Promise<number> {
  const models = await scanRepository(folder, Number.POSITIVE_INFINITY);
  for (const { name, versions, problem, configFile, config } of models) {
    const checked = readModelConfig(configFile, config);
    const numbers = versions.map(({ version, problem: fault }) =>
      fault === undefined ? version : `${version} (${fault})`,
    );
    const fault = problem ?? (checked.ok ? undefined : checked.problems.join('; '));
    console.log(`${name}  ${fault ?? `version ${numbers.join(', ')}`}`);
  }
  if (models.length === 0) console.log(`${folder} holds no models`);
  return 0;
}

/**
 * Loads each model as a server would, and says how it would be served.
 *
 * @returns 1 if a model cannot be served, or there is none; else 0
 */
async function checkModels(folder: string): Promise<number> {
  const config = resolveConfig([
    ...settingsLayers(),
    {
      values: {
        models: folder,
        host: '127.0.0.1',
        port: 0,
        instances: 1,
        log: { level: 'silent' },
        observers: [],
        model_control: 'none',
        load_at_start: 'all',
        memory: { budget: Number.MAX_SAFE_INTEGER },
      },
      nameOf: (path) => path,
    },
  ]);
  const millrace = await startServerLazily(config);
  await millrace.loaded;
  const problems = report(millrace, folder);
  millrace.destroy();
  return problems === 0 ? 0 : 1;
}

function report({ models }: Millrace, folder: string): number {
  let problems = 0;
  if (models.entries.length === 0) {
    console.log(`${folder} holds no models`);
    return 1;
  }
  for (const { name, versions, problem } of models.entries) {
    if (problem !== undefined) {
      problems += 1;
      console.log(`${name}  UNAVAILABLE  ${problem}`);
    }
    for (const model of versions) {
      if (model.state !== 'READY') problems += 1;
      console.log(`${name}/${model.ref.version}  ${model.state}  ${model.reason ?? summary(model)}`);
    }
  }
  console.log(problems === 0 ? 'all models can be served' : `${problems} of the models cannot be served`);
  return problems;
}

function summary({ loaded }: ServedModel): string {
  if (loaded === undefined) return '';
  const { signature, plan, provider } = loaded;
  const tensors = (specs: typeof signature.inputs) => {
    return specs.map(({ name, datatype, shape }) => `${name} ${datatype}${shapeText(shape)}`).join(', ');
  };
  const batching =
    plan.maxBatchSize > 1 ? `batches of up to ${plan.maxBatchSize}` : `one at a time: ${plan.unbatchedBecause ?? ''}`;
  return `${tensors(signature.inputs)} -> ${tensors(signature.outputs)}; ${provider}; ${batching}`;
}
