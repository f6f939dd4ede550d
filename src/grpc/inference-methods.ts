import type { Type } from 'protobufjs';
import type { Clock } from '../core/clock.js';
import type { ModelManager } from '../serving/model-manager.js';
import type { InferenceService } from '../v2/inference.js';
import { modelMetadata, serverMetadata } from '../v2/metadata.js';
import { modelConfig } from '../v2/model-config.js';
import type { ModelControl } from '../v2/model-control.js';
import type { ModelAddress } from '../v2/model-lookup.js';
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
    ModelReady: unary('infer', (request) => ({ ready: isModelReady(models, addressIn(request)) })),
    ModelMetadata: unary('infer', (request) => modelMetadata(models, addressIn(request))),
    ModelConfig: unary('infer', (request) => {
      return { config: fromJson(configType, modelConfig(models, addressIn(request), maxRows)) };
    }),
    ModelStatistics: unary('infer', (request) => {
      const address = addressIn(request);
      const found = address.name === '' ? statisticsOfAll(backend) : statisticsOfModel(backend, address);
      return { model_stats: found.map((each) => fromJson(statisticsType, each)) };
    }),
    ModelInfer: unary('infer', (request, context) => infer(inference, request as InferMessage, context)),
    ModelStreamInfer: { kind: 'stream', scope: 'infer', handle: streamInfer({ ...edge, inference }) },
    ...repositoryMethods(control),
    ...absentMethods(models),
  };
}

function infer(inference: InferenceService, message: InferMessage, context: CallContext): Promise<object> {
  const { tenant, receivedAt, deadlineAt } = context;
  const { result, cancel } = inference.infer(inferRequestOf(message).request, {
    tenant,
    receivedAt,
    timeLimits: Number.isFinite(deadlineAt) ? { timeoutMs: deadlineAt - receivedAt } : {},
    encode: (answer) => inferResponseOf(answer),
  });
  context.onGone = cancel;
  return result;
}

function isModelReady(models: ModelManager, { name, version }: ModelAddress): boolean {
  try {
    return models.resolve(name, version).model.state === 'READY';
  } catch {
    return false;
  }
}

/** The model that a request names; a version that is empty is none. */
function addressIn(request: object): ModelAddress {
  const { name, version } = request as { name: string; version: string };
  return { name, version: version === '' ? undefined : version };
}

/** Takes a message from its JSON form, where enums are names and what there is no field for may stand. */
function fromJson(type: Type, json: object): object {
  return type.fromObject(json);
}
