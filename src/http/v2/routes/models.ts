import { toMillraceError } from '../../../core/errors.js';
import { routingKeyOf } from '../../../core/routing-key.js';
import type { ModelQuery } from '../../../serving/model-manager.js';
import { modelMetadata, serverMetadata } from '../../../v2/metadata.js';
import { modelConfig } from '../../../v2/model-config.js';
import { findTarget, isReady } from '../../../v2/model-lookup.js';
import { statisticsOfAll, statisticsOfModel } from '../../../v2/served-statistics.js';
import { type Exchange, type Route, sendText } from '../../route.js';
import type { V2Services } from '../v2-services.js';

/** What the server and its models are, and whether they are ready. */
export function describingRoutes(services: V2Services): Route[] {
  const { models, limits, version } = services;
  const get = (path: string, scope: Route['scope'], handle: Route['handle']): Route => ({
    method: 'get',
    path,
    scope,
    handle,
  });
  const json =
    (value: (query: ModelQuery, receivedAt: number) => object | Promise<object>) => async (exchange: Exchange) => {
      const { response, context } = exchange;
      const text = JSON.stringify(await value(queryIn(exchange), context.receivedAt));
      // The client may have left while a model was loading.
      if (!response.destroyed) sendText(response, 200, text);
    };
  const ofModel = (path: string, handle: Route['handle']) => [
    get(`/v2/models/:name${path}`, 'infer', handle),
    get(`/v2/models/:name/versions/:version${path}`, 'infer', handle),
  ];
  return [
    get(
      '/v2',
      'public',
      json(() => serverMetadata(version)),
    ),
    get(
      '/v2/health/live',
      'public',
      json(() => ({ live: true })),
    ),
    get('/v2/health/ready', 'public', (exchange) => serverReady(exchange, services)),
    get(
      '/v2/models',
      'infer',
      json(() => ({ models: models.listed.map(({ name }) => name) })),
    ),
    get(
      '/v2/models/stats',
      'infer',
      json(() => ({ model_stats: statisticsOfAll(services) })),
    ),
    ...ofModel(
      '',
      json((query, receivedAt) => modelMetadata(models, query, receivedAt)),
    ),
    ...ofModel('/ready', (exchange) => modelReady(exchange, services)),
    ...ofModel(
      '/config',
      json((query, receivedAt) => modelConfig(models, query, { maxRows: limits.max_rows, receivedAt })),
    ),
    ...ofModel(
      '/stats',
      json((query) => ({ model_stats: statisticsOfModel(services, query) })),
    ),
  ];
}

/** The statuses are Triton's: 400 is not ready yet, 503 not any more. */
function serverReady({ response }: Exchange, { models, isStopping }: V2Services): void {
  const ready = models.ready && !isStopping();
  sendText(response, ready ? 200 : isStopping() ? 503 : 400, JSON.stringify({ ready }));
}

function modelReady(exchange: Exchange, { models }: V2Services): void {
  const query = queryIn(exchange);
  const ready = isModelReady(models, query);
  sendText(exchange.response, ready ? 200 : 400, JSON.stringify({ name: query.name, ready }));
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
