// The generated pages of docs/, and openapi.yaml. They read the compiled server and nothing else, so that they are the same everywhere.
import { configurationPage } from './configuration-page.mjs';
import { errorsPage } from './errors-page.mjs';
import { metricsPage } from './metrics-page.mjs';
import { openApiFile } from './openapi-file.mjs';
import { stepsPage } from './steps-page.mjs';

/** What each generated page has to hold, by its path. */
export function referencePages() {
  return {
    'docs/configuration.md': configurationPage(),
    'docs/errors.md': errorsPage(),
    'docs/metrics.md': metricsPage(),
    'docs/steps.md': stepsPage(),
    'openapi.yaml': openApiFile(),
  };
}
