import type { ModelManager } from '../../serving/model-manager.js';
import { describe, summarise } from '../model-description.js';
import { type Route, sendText } from '../route.js';

/** GET /models and GET /models/{name}. */
export function modelRoutes(models: ModelManager): Route[] {
  return [
    {
      method: 'get',
      path: '/models',
      scope: 'infer',
      handle: ({ response }) =>
        sendText(response, 200, JSON.stringify({ models: models.listed.map((entry) => summarise(entry, models)) })),
    },
    {
      method: 'get',
      path: '/models/:name',
      scope: 'infer',
      handle: ({ request, response }) => {
        const entry = models.entry(String(request.params['name']));
        sendText(response, 200, JSON.stringify(describe(entry, models)));
      },
    },
  ];
}
