import type { Route } from '../route.js';
import { inferRoutes } from './routes/infer.js';
import { describingRoutes } from './routes/models.js';
import { repositoryRoutes } from './routes/repository.js';
import { settingsRoutes } from './routes/settings.js';
import type { V2Services } from './v2-services.js';

/** The Open Inference Protocol over REST, with the extensions that Triton has for it. */
export function v2Routes(services: V2Services): Route[] {
  return [
    ...inferRoutes(services),
    ...describingRoutes(services),
    ...repositoryRoutes(services),
    ...settingsRoutes(services),
  ];
}
