import { toMillraceError } from '../../../core/errors.js';
import { routingKeyOf } from '../../../core/routing-key.js';
import type { ModelQuery } from '../../../serving/model-manager.js';
import { modelMetadata, serverMetadata } from '../../../v2/metadata.js';
import { modelConfig } from '../../../v2/model-config.js';
import { findTarget, isReady } from '../../../v2/model-lookup.js';
import { statisticsOfAll, statisticsOfModel } from '../../../v2/served-statistics.js';
import type { StatisticsAnswer } from '../../../v2/statistics-schema.js';
import { v2ModelOperations } from '../../openapi/v2-model-operations.js';
import { v2ServerOperations } from '../../openapi/v2-server-operations.js';
import { type Exchange, type Route, sendText } from '../../route.js';
import type { Live, Ready } from '../../server-answers.js';
import type { ModelNames, ModelReady } from '../answers.js';
import type { V2Services } from '../v2-services.js';

/** What the server and its models are, and whether they are ready. */
export function describingRoutes(services: V2Services): Route[] {
  const { models, limits, version } = services;
  const names = (): ModelNames => ({ models: models.listed.map(({ name }) => name) });
  const ofAll = (): StatisticsAnswer => ({ model_stats: statisticsOfAll(services) });
  const metadata = json((query, receivedAt) => modelMetadata(models, query, receivedAt));
  const ready: Route['handle'] = (exchange) => modelReady(exchange, services);
  const config = json((query, receivedAt) => modelConfig(models, query, { maxRows: limits.max_rows, receivedAt }));
  const statistics = json((query): StatisticsAnswer => ({ model_stats: statisticsOfModel(services, query) }));
  return [
    { ...v2ServerOperations.server, handle: json(() => serverMetadata(version)) },
    { ...v2ServerOperations.live, handle: json((): Live => ({ live: true })) },
    { ...v2ServerOperations.ready, handle: (exchange) => serverReady(exchange, services) },
    { ...v2ServerOperations.list, handle: json(names) },
    { ...v2ServerOperations.allStatistics, handle: json(ofAll) },
    { ...v2ModelOperations.metadata, handle: metadata },
    { ...v2ModelOperations.versionMetadata, handle: metadata },
    { ...v2ModelOperations.modelReady, handle: ready },
    { ...v2ModelOperations.versionReady, handle: ready },
    { ...v2ModelOperations.config, handle: config },
    { ...v2ModelOperations.versionConfig, handle: config },
    { ...v2ModelOperations.statistics, handle: statistics },
    { ...v2ModelOperations.versionStatistics, handle: statistics },
  ];
}

function json(answer: (query: ModelQuery, receivedAt: number) => object | Promise<object>): Route['handle'] {
  return async (exchange) => {
    const { response, context } = exchange;
    const text = JSON.stringify(await answer(queryIn(exchange), context.receivedAt));
    // The client may have left while a model was loading.
    if (!response.destroyed) sendText(response, 200, text);
  };
}

/** The statuses are Triton's: 400 is not ready yet, 503 not any more. */
function serverReady({ response }: Exchange, { models, isStopping }: V2Services): void {
  const ready = models.ready && !isStopping();
  const answer: Ready = { ready };
  sendText(response, ready ? 200 : isStopping() ? 503 : 400, JSON.stringify(answer));
}

function modelReady(exchange: Exchange, { models }: V2Services): void {
  const query = queryIn(exchange);
  const ready = isModelReady(models, query);
  const answer: ModelReady = { name: query.name, ready };
  sendText(exchange.response, ready ? 200 : 400, JSON.stringify(answer));
}

/** @throws MillraceError MODEL_NOT_FOUND or VERSION_NOT_FOUND */
function isModelReady(models: V2Services['models'], query: ModelQuery): boolean {
  try {
    return isReady(findTarget(models, query).model);
  } catch (error) {
    if (toMillraceError(error).code === 'MODEL_UNAVAILABLE') return false;
    throw error;
  }
}

function queryIn({ request, context }: Exchange): ModelQuery {
  const { name, version } = request.params as { name: string; version?: string };
  return { name, version, key: routingKeyOf(request.headers['x-routing-key'], context.tenant) };
}
