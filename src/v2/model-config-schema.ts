import { z } from 'zod';
import { type Datatype, datatypes } from '../tensor/datatype.js';
import { platformSchema } from './metadata.js';

/*
 * Triton's ModelConfig message in the form that protobuf has for JSON: of its fields those that mean something here, and
 * those that its clients look for. Those that are always the same say so.
 */

const nothing = z.array(z.never()).readonly();
const noMembers = z.object({});

/** `TYPE_FP32` and so on; a tensor of BYTES is one of strings. */
export function typeName(datatype: Datatype): string {
  return datatype === 'BYTES' ? 'TYPE_STRING' : `TYPE_${datatype}`;
}

const tensorShape = {
  name: z.string(),
  data_type: z.enum(Object.keys(datatypes).map((datatype) => typeName(datatype as Datatype))),
  dims: z
    .array(z.int())
    .readonly()
    .describe('Without the batch axis where `max_batch_size` is above 0; -1 is any size'),
};

const batchingSchema = z.object({
  preferred_batch_size: nothing,
  max_queue_delay_microseconds: z.int().min(0),
  preserve_ordering: z.literal(false),
  priority_levels: z.int(),
  default_priority_level: z.int(),
  priority_queue_policy: noMembers,
});

const instanceGroupSchema = z.object({
  name: z.string(),
  kind: z.enum(['KIND_CPU', 'KIND_GPU']),
  count: z.int().min(1),
  gpus: nothing,
  secondary_devices: nothing,
  profile: nothing,
  passive: z.literal(false),
  host_policy: z.literal(''),
});

export const modelConfigSchema = z
  .object({
    name: z.string(),
    platform: platformSchema,
    backend: z.enum(['onnxruntime', 'millrace']),
    version_policy: z.union([
      z.object({ all: noMembers }),
      z.object({ specific: z.object({ versions: z.array(z.number()) }) }),
      z.object({ latest: z.object({ num_versions: z.int() }) }),
    ]),
    max_batch_size: z.int().min(0).describe('Rows of one request, at most; 0 if shapes are whole'),
    input: z.array(
      z.object({
        ...tensorShape,
        format: z.literal('FORMAT_NONE'),
        is_shape_tensor: z.literal(false),
        allow_ragged_batch: z.literal(false),
        optional: z.literal(false),
      }),
    ),
    output: z.array(z.object({ ...tensorShape, label_filename: z.literal(''), is_shape_tensor: z.literal(false) })),
    batch_input: nothing,
    batch_output: nothing,
    dynamic_batching: batchingSchema.exactOptional().describe('Where several rows share an execution'),
    instance_group: z.array(instanceGroupSchema),
    default_model_filename: z.literal('model.onnx'),
    cc_model_filenames: noMembers,
    metric_tags: noMembers,
    parameters: noMembers,
    model_warmup: nothing,
    model_transaction_policy: z.object({ decoupled: z.literal(false) }),
  })
  .readonly();

export type ModelConfig = z.output<typeof modelConfigSchema>;
