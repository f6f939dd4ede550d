import type { Type } from 'protobufjs';
import type { Clock } from '../core/clock.js';
import type { ModelControl } from '../serving/model-control.js';
import type { ModelManager, ModelQuery } from '../serving/model-manager.js';
import type { InferenceService } from '../v2/inference.js';
import { modelMetadata, serverMetadata } from '../v2/metadata.js';
import { modelConfig } from '../v2/model-config.js';
import { isReady } from '../v2/model-lookup.js';
import { statisticsOfAll, statisticsOfModel } from '../v2/served-statistics.js';
import type { InferenceStatistics } from '../v2/statistics.js';
import { absentMethods } from './absent-methods.js';
import type { CallContext } from './call-context.js';
import { inferRequestOf, inferResponseOf } from './infer-codec.js';
import type { InferMessage } from './infer-message.js';
import { type Method, unary } from './method.js';
import { inferenceProtocol } from './proto-files.js';
import { repositoryMethods } from './repository-methods.js';
import { streamInfer } from './stream-infer.js';

/** What stands behind `inference.GRPCInferenceService`. */
export interface InferenceBackend {
  readonly models: ModelManager;
  readonly inference: InferenceService;
  readonly control: ModelControl;
  readonly statistics: InferenceStatistics;
  readonly version: string;
  /** Rows of one request, at most. */
  readonly maxRows: number;
}

/** What the edge adds to it. */
export interface InferenceEdge {
  readonly clock: Clock;
  readonly isReady: () => boolean;
  readonly stopping: AbortSignal;
}

const configType = inferenceProtocol.lookupType('inference.ModelConfig');
const statisticsType = inferenceProtocol.lookupType('inference.ModelStatistics');

/** The methods of `inference.GRPCInferenceService`. */
export function inferenceMethods(backend: InferenceBackend, edge: InferenceEdge): Readonly<Record<string, Method>> {
  const { models, inference, control, maxRows, version } = backend;
  return {
    ServerLive: unary('public', () => ({ live: true })),
    ServerReady: unary('public', () => ({ ready: edge.isReady() })),
    ServerMetadata: unary('public', () => serverMetadata(version)),
    ModelReady: unary('infer', (request, context) => ({ ready: isModelReady(models, queryIn(request, context)) })),
    ModelMetadata: unary('infer', (request, context) => {
      return modelMetadata(models, queryIn(request, context), context.receivedAt);
    }),
    ModelConfig: unary('infer', async (request, context) => {
      const { receivedAt } = context;
      const config = await modelConfig(models, queryIn(request, context), { maxRows, receivedAt });
      return { config: fromJson(configType, config) };
    }),
    ModelStatistics: unary('infer', (request, context) => {
      const query = queryIn(request, context);
      const found = query.name === '' ? statisticsOfAll(backend) : statisticsOfModel(backend, query);
      return { model_stats: found.map((each) => fromJson(statisticsType, each)) };
    }),
    ModelInfer: unary('infer', (request, context) => infer(inference, request as InferMessage, context)),
    ModelStreamInfer: { kind: 'stream', scope: 'infer', handle: streamInfer({ ...edge, inference }) },
    ...repositoryMethods(control),
    ...absentMethods(models),
  };
}

function infer(inference: InferenceService, message: InferMessage, context: CallContext): Promise<object> {
  const { tenant, routingKey, receivedAt, deadlineAt } = context;
  const { result, cancel } = inference.infer(inferRequestOf(message).request, {
    tenant,
    routingKey,
    receivedAt,
    timeLimits: Number.isFinite(deadlineAt) ? { timeoutMs: deadlineAt - receivedAt } : {},
    encode: (answer) => inferResponseOf(answer),
  });
  context.onGone = cancel;
  return result;
}

function isModelReady(models: ModelManager, query: ModelQuery): boolean {
  try {
    return isReady(models.find(query).model);
  } catch {
    return false;
  }
}

/** The model that a request names; a version that is empty is none. */
function queryIn(request: object, { routingKey }: CallContext): ModelQuery {
  const { name, version } = request as { name: string; version: string };
  return { name, version: version === '' ? undefined : version, key: routingKey };
}

/** Takes a message from its JSON form, where enums are names and what there is no field for may stand. */
function fromJson(type: Type, json: object): object {
  return type.fromObject(json);
}
