import { PRIORITY } from '../jobs/job-request.js';
import { type TensorSpec, wireShape } from '../model/signature.js';
import type { VersionPolicy } from '../repository/version-policy.js';
import type { ModelManager, ModelQuery } from '../serving/model-manager.js';
import type { LoadedModel } from '../serving/open-model.js';
import { platformOf, TENSORS_PLATFORM } from './metadata.js';
import { type ModelConfig, typeName } from './model-config-schema.js';
import { findKnownTarget } from './model-lookup.js';
import { ioOf } from './target-io.js';

const MICROSECONDS_PER_MS = 1_000;

/**
 * A model as Triton's ModelConfig message says it, in the form that protobuf has for JSON. Where every tensor has its
 * batch axis in front, `max_batch_size` is above 0 and that axis is left out of `dims`.
 *
 * @param maxRows what the server allows for one request of a model that does not say so itself
 * @throws MillraceError MODEL_NOT_FOUND, VERSION_NOT_FOUND, or MODEL_UNAVAILABLE with the reason; and what waiting for a
 * load gives
 */
export async function modelConfig(
  models: ModelManager,
  query: ModelQuery,
  { maxRows, receivedAt }: { maxRows: number; receivedAt: number },
): Promise<ModelConfig> {
  const target = await findKnownTarget(models, query, receivedAt);
  const io = ioOf(target);
  const { config, loaded, limits } = target.model;
  const { instances, provider, plan } = loaded as LoadedModel;
  const { batching } = config;
  const dims = ({ shape }: TensorSpec) => wireShape(io.isBatched ? shape.slice(1) : shape);
  const tensor = (spec: TensorSpec) => ({ name: spec.name, data_type: typeName(spec.datatype), dims: dims(spec) });
  return {
    name: query.name,
    platform: platformOf(target),
    backend: platformOf(target) === TENSORS_PLATFORM ? 'onnxruntime' : 'millrace',
    version_policy: versionPolicy(config.versions),
    max_batch_size: io.isBatched ? io.mostRows(limits.maxRows ?? maxRows) : 0,
    input: io.inputs.map((spec) => ({
      ...tensor(spec),
      format: 'FORMAT_NONE',
      is_shape_tensor: false,
      allow_ragged_batch: false,
      optional: false,
    })),
    output: io.outputs.map((spec) => ({ ...tensor(spec), label_filename: '', is_shape_tensor: false })),
    batch_input: [],
    batch_output: [],
    ...(io.isBatched && plan.maxBatchSize > 1
      ? {
          dynamic_batching: {
            preferred_batch_size: [],
            max_queue_delay_microseconds:
              batching.policy === 'static' ? Math.round(batching.max_queue_delay_ms * MICROSECONDS_PER_MS) : 0,
            preserve_ordering: false,
            priority_levels: PRIORITY.lowest,
            default_priority_level: PRIORITY.default,
            priority_queue_policy: {},
          },
        }
      : {}),
    instance_group: [
      {
        name: query.name,
        kind: provider.startsWith('cuda') ? 'KIND_GPU' : 'KIND_CPU',
        count: instances.size,
        gpus: [],
        secondary_devices: [],
        profile: [],
        passive: false,
        host_policy: '',
      },
    ],
    default_model_filename: 'model.onnx',
    cc_model_filenames: {},
    metric_tags: {},
    parameters: {},
    model_warmup: [],
    model_transaction_policy: { decoupled: false },
  };
}

function versionPolicy(policy: VersionPolicy): ModelConfig['version_policy'] {
  if (policy === 'all') return { all: {} };
  return Array.isArray(policy)
    ? { specific: { versions: policy.map(Number) } }
    : { latest: { num_versions: policy.latest } };
}
