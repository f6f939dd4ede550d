import type { ModelControl } from '../../serving/model-control.js';
import type { ModelManager } from '../../serving/model-manager.js';
import type { BodyBudget } from '../body-budget.js';
import type { HttpLimits } from '../limits.js';
import { readLoad } from '../load-body.js';
import { summarise } from '../model-description.js';
import { modelOperations } from '../openapi/model-operations.js';
import { type Exchange, type Route, sendText } from '../route.js';

export interface ControlServices {
  readonly control: ModelControl;
  readonly models: ModelManager;
  readonly limits: HttpLimits;
  readonly bodies: BodyBudget;
}

/** POST /models/{name}/load and /unload. */
export function modelControlRoutes(services: ControlServices): Route[] {
  const { control, models } = services;
  const nameIn = ({ request }: Exchange) => String(request.params['name']);
  const answer = ({ response }: Exchange, name: string) => {
    // The client may have left while the model was loading.
    if (!response.destroyed) sendText(response, 200, JSON.stringify(summarise(models.entry(name), models)));
  };
  return [
    {
      ...modelOperations.load,
      handle: async (exchange) => {
        const name = nameIn(exchange);
        await control.load(name, await readLoad(exchange.request, services));
        answer(exchange, name);
      },
    },
    {
      ...modelOperations.unload,
      handle: async (exchange) => {
        const name = nameIn(exchange);
        await control.unload(name);
        answer(exchange, name);
      },
    },
  ];
}
