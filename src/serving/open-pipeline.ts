import type { BatchAxes, Signature, TensorSpec } from '../model/signature.js';
import { itemShape } from '../model/signature.js';
import { type CompileContext, compilePipeline } from '../pipelines/compile-pipeline.js';
import { ownStepKind } from '../pipelines/own-step.js';
import type { PipelineConfig } from '../pipelines/pipeline-config.js';
import { RunningPipeline } from '../pipelines/running-pipeline.js';
import { StepPool } from '../pipelines/step-pool.js';
import type { OwnStep } from '../pipelines/step-protocol.js';
import type { StepPlaces } from '../pipelines/step-runner.js';
import type { ModelFiles } from '../repository/model-files.js';

/** Threads for one model's own steps. They are shared with nobody: one that hangs or dies is the model's own trouble. */
const OWN_THREADS = 2;

/** What a pipeline is made from. */
export interface PipelineMaterial {
  readonly config: PipelineConfig;
  readonly signature: Signature;
  readonly axes: BatchAxes;
  readonly files: ModelFiles;
  /** Whether the operator lets model folders bring code. */
  readonly allowCode: boolean;
}

/**
 * Compiles a model's pipeline against its signature. What the compiler reads beside the model is kept, so that other
 * threads can compile it too without reading files.
 *
 * @throws PipelineError if it does not fit together or does not fit the model
 */
export async function openPipeline(material: PipelineMaterial, places: StepPlaces): Promise<RunningPipeline> {
  const { config, signature, axes, allowCode } = material;
  const files = new Map<string, Uint8Array>();
  const code = new Map<string, OwnStep>();
  const own = new StepPool(OWN_THREADS);
  const context: CompileContext = {
    inputs: itemSpecs(signature.inputs, axes.inputs),
    outputs: itemSpecs(signature.outputs, axes.outputs),
    readFile: async (name) => {
      const content = await material.files.read(name);
      files.set(name, content);
      return content;
    },
    ownStep: async (file) => {
      if (!allowCode) {
        throw new Error(
          `${file} is code, and model folders may not bring any; the operator can allow it with model_code: true`,
        );
      }
      const url = await material.files.moduleUrl(file);
      const types = await own.describe(file, url);
      code.set(file, { url, ...types });
      return ownStepKind(file, types);
    },
  };
  try {
    const pipeline = await compilePipeline(config, context);
    const { inputs, outputs } = context;
    return await RunningPipeline.start(pipeline, { config, inputs, outputs, files, code }, { ...places, own });
  } catch (error) {
    own.close();
    throw error;
  }
}

function itemSpecs(specs: readonly TensorSpec[], axes: BatchAxes['inputs']): TensorSpec[] {
  return specs.map(({ name, datatype, shape }) => ({ name, datatype, shape: itemShape(shape, axes[name] ?? null) }));
}
