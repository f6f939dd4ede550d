import type { ModelManager } from '../../serving/model-manager.js';
import type { ModelList } from '../model-answers.js';
import { describe, summarise } from '../model-description.js';
import { modelOperations } from '../openapi/model-operations.js';
import { type Route, sendText } from '../route.js';

/** GET /models and GET /models/{name}. */
export function modelRoutes(models: ModelManager): Route[] {
  return [
    {
      ...modelOperations.list,
      handle: ({ response }) => {
        const answer: ModelList = { models: models.listed.map((entry) => summarise(entry, models)) };
        sendText(response, 200, JSON.stringify(answer));
      },
    },
    {
      ...modelOperations.show,
      handle: ({ request, response }) => {
        const entry = models.entry(String(request.params['name']));
        sendText(response, 200, JSON.stringify(describe(entry, models)));
      },
    },
  ];
}
