import type { ModelControl } from '../../serving/model-control.js';
import type { ModelManager } from '../../serving/model-manager.js';
import type { InferenceService } from '../../v2/inference.js';
import type { InferenceStatistics } from '../../v2/statistics.js';
import type { BodyBudget } from '../body-budget.js';
import type { HttpLimits } from '../limits.js';

/** What the routes of the Open Inference Protocol work with. */
export interface V2Services {
  readonly models: ModelManager;
  readonly inference: InferenceService;
  readonly statistics: InferenceStatistics;
  readonly control: ModelControl;
  readonly limits: HttpLimits;
  readonly bodies: BodyBudget;
  /** Of the server's program. */
  readonly version: string;
  readonly isStopping: () => boolean;
}
