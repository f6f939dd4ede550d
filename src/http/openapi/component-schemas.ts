import { z } from 'zod';
import { logSettingsSchema, traceSettingsSchema } from '../../v2/fixed-settings.js';
import { modelMetadataSchema, serverMetadataSchema } from '../../v2/metadata.js';
import { modelConfigSchema } from '../../v2/model-config-schema.js';
import { indexedModelSchema, repositoryIndexSchema } from '../../v2/repository-index.js';
import { durationSchema, modelStatisticsSchema, statisticsAnswerSchema } from '../../v2/statistics-schema.js';
import { cancelledSchema, jobAnswerSchema, jobGroupSchema, jobSchema } from '../job-answers.js';
import { loadSchema } from '../load-body.js';
import {
  modelDescriptionSchema,
  modelListSchema,
  modelSummarySchema,
  modelVersionSchema,
  pipelineSchema,
  tensorSchema,
} from '../model-answers.js';
import { predictEnvelopeSchema } from '../predict-envelope.js';
import { predictFormSchema } from '../predict-form.js';
import {
  predictionAnswerSchema,
  predictionListSchema,
  predictionSchema,
  timingsSchema,
} from '../prediction-answers.js';
import { problemSchema } from '../problem.js';
import { liveSchema, readySchema, versionSchema } from '../server-answers.js';
import { doneSchema, modelNamesSchema, modelReadySchema } from '../v2/answers.js';
import { v2ErrorSchema } from '../v2/error-body.js';
import { inferAnswerSchema } from '../v2/infer-answer.js';
import { inferEnvelopeSchema } from '../v2/infer-envelope.js';
import { controlRequestSchema, indexRequestSchema } from '../v2/repository-requests.js';

/** A schema of the document: JSON Schema 2020-12. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** The schemas that have a name in the document: what clients send, */
const sent = {
  PredictRequest: predictEnvelopeSchema,
  PredictForm: predictFormSchema,
  V2InferRequest: inferEnvelopeSchema,
  V2IndexRequest: indexRequestSchema,
  V2ControlRequest: controlRequestSchema,
  LoadRequest: loadSchema,
} as const satisfies Record<string, z.ZodType>;

/** and what they get. */
const answered = {
  PredictionAnswer: predictionAnswerSchema,
  Prediction: predictionSchema,
  PredictionList: predictionListSchema,
  Timings: timingsSchema,
  ModelList: modelListSchema,
  ModelSummary: modelSummarySchema,
  ModelDescription: modelDescriptionSchema,
  ModelVersion: modelVersionSchema,
  Pipeline: pipelineSchema,
  Tensor: tensorSchema,
  JobAnswer: jobAnswerSchema,
  Job: jobSchema,
  JobGroup: jobGroupSchema,
  CancelledJob: cancelledSchema,
  Live: liveSchema,
  Ready: readySchema,
  Version: versionSchema,
  Problem: problemSchema,
  V2InferAnswer: inferAnswerSchema,
  V2Server: serverMetadataSchema,
  V2ModelNames: modelNamesSchema,
  V2Model: modelMetadataSchema,
  V2ModelReady: modelReadySchema,
  V2ModelConfig: modelConfigSchema,
  V2Statistics: statisticsAnswerSchema,
  V2ModelStatistics: modelStatisticsSchema,
  V2Duration: durationSchema,
  V2RepositoryIndex: repositoryIndexSchema,
  V2IndexedModel: indexedModelSchema,
  V2TraceSettings: traceSettingsSchema,
  V2LogSettings: logSettingsSchema,
  V2Done: doneSchema,
  V2Error: v2ErrorSchema,
} as const satisfies Record<string, z.ZodType>;

/** Which way a schema is read: as what somebody may send, or as what a program may rely on. */
type Direction = 'input' | 'output';

const registries = { input: registryOf(sent), output: registryOf(answered) };

/** Where a named schema stands in the document. */
function schemaUri(name: string): string {
  return `#/components/schemas/${name}`;
}

/** All named schemas, by their names. */
export function componentSchemas(): Record<string, JsonSchema> {
  return Object.fromEntries(
    (['input', 'output'] as const).flatMap((io) => {
      const { schemas } = z.toJSONSchema(registries[io], { io, uri: schemaUri, override: adjust(io) });
      return Object.entries(schemas).map(([name, schema]) => [name, bare(schema)]);
    }),
  );
}

/** A schema as it stands at one place of the document: a reference if it has a name. */
export function schemaAt(schema: z.ZodType, io: Direction): JsonSchema {
  const { id } = registries[io].get(schema) ?? {};
  if (id !== undefined) return { $ref: schemaUri(id) };
  return bare(z.toJSONSchema(schema, { io, override: adjust(io) }));
}

function registryOf(schemas: Readonly<Record<string, z.ZodType>>): z.core.$ZodRegistry<{ id: string }> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  return registry;
}

/**
 * Answers may get more members in later versions: clients must not refuse what they don't know. Whether a value can be
 * changed in the program says nothing on the wire.
 */
function adjust(io: Direction): (place: { jsonSchema: z.core.JSONSchema.BaseSchema }) => void {
  return ({ jsonSchema }) => {
    delete jsonSchema.readOnly;
    if (io === 'output' && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
  };
}

/** Without what names a schema outside of the document. */
function bare(schema: JsonSchema): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => key !== '$schema' && key !== '$id'));
}
