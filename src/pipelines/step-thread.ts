import { parentPort } from 'node:worker_threads';
import { toMillraceError } from '../core/errors.js';
import { compilePipeline } from './compile-pipeline.js';
import { loadStep, ownStepKind } from './own-step.js';
import type { Pipeline } from './pipeline.js';
import { runSteps, type StepOutcome } from './run-steps.js';
import {
  type OwnStepTypes,
  type PipelineSource,
  type StepMessage,
  type StepRange,
  type StepReply,
  toWire,
  type WireOutcome,
} from './step-protocol.js';
import { wholeBuffers } from './value-memory.js';

/*
 * A thread of the step pool: it compiles the pipelines that it is told of, and runs steps of them for the main thread.
 */

if (parentPort === null) throw new Error('step-thread is started as a worker thread by step-pool');
const port = parentPort;
const pipelines = new Map<number, Promise<Pipeline>>();

port.on('message', (message: StepMessage) => {
  switch (message.kind) {
    case 'define': {
      const pipeline = compile(message.source);
      // Whoever runs it is told.
      pipeline.catch(() => undefined);
      pipelines.set(message.pipeline, pipeline);
      return;
    }
    case 'forget':
      pipelines.delete(message.pipeline);
      return;
    case 'describe':
      void describe(message.file, message.url);
      return;
    case 'run':
      void answer(message.range, message.values);
  }
});

async function answer(range: StepRange, values: Extract<StepMessage, { kind: 'run' }>['values']): Promise<void> {
  const { outcomes, firstMs } = await runRange(range, values).catch((error: unknown) => {
    return { outcomes: values.map((): StepOutcome => ({ error: toMillraceError(error) })), firstMs: 0 };
  });
  const reply: StepReply = { outcomes: outcomes.map(toWire), firstMs };
  try {
    // What steps give is nobody else's (`Step.run`), and needs no copy.
    port.postMessage(
      reply,
      wholeBuffers(outcomes.map((outcome) => ('result' in outcome ? outcome.result : undefined))),
    );
  } catch (error) {
    // A step of the operator's gave something that cannot leave its thread.
    const failure = toWire({ error: toMillraceError(error) });
    port.postMessage({ ...reply, outcomes: outcomes.map(() => failure) } satisfies StepReply);
  }
}

async function describe(file: string, url: string): Promise<void> {
  const outcome = await loadStep(file, url).then(
    ({ takes, gives, runBatch }): WireOutcome => {
      const types: OwnStepTypes = { takes, gives, runsBatches: runBatch !== undefined };
      return { kind: 'value', value: types };
    },
    (error: unknown) => toWire({ error: toMillraceError(error) }),
  );
  port.postMessage({ outcomes: [outcome], firstMs: 0 } satisfies StepReply);
}

async function runRange({ pipeline: id, chain: name, from, to }: StepRange, values: Parameters<typeof runSteps>[1]) {
  const pipeline = await pipelines.get(id);
  const chains = pipeline === undefined ? [] : [...pipeline.preprocess.values(), pipeline.postprocess];
  const chain = chains.find((each) => each.name === name);
  if (chain === undefined) throw new Error(`no pipeline ${id} with a chain ${name} was defined`);
  return runSteps(chain.steps.slice(from, to), values);
}

function compile({ config, inputs, outputs, files, code }: PipelineSource): Promise<Pipeline> {
  return compilePipeline(config, {
    inputs,
    outputs,
    readFile: async (name) => {
      const content = files.get(name);
      if (content === undefined) throw new Error(`${name} was not read when the model loaded`);
      return content;
    },
    ownStep: async (file) => {
      const known = code.get(file);
      if (known === undefined) throw new Error(`${file} was not loaded when the model loaded`);
      return ownStepKind(file, await loadStep(file, known.url));
    },
  });
}
