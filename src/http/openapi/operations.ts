import { documentationOperations } from './documentation-operations.js';
import { jobOperations } from './job-operations.js';
import { modelOperations } from './model-operations.js';
import type { Operation } from './operation.js';
import { predictionOperations } from './prediction-operations.js';
import { serverOperations } from './server-operations.js';
import { v2InferenceOperations } from './v2-inference-operations.js';
import { v2ModelOperations } from './v2-model-operations.js';
import { v2RepositoryOperations } from './v2-repository-operations.js';
import { v2ServerOperations } from './v2-server-operations.js';
import { v2SettingsOperations, v2SharedMemoryOperations } from './v2-settings-operations.js';

/** Every route of the server, in the document's order. */
export const operations: readonly Operation[] = [
  predictionOperations,
  modelOperations,
  v2InferenceOperations,
  v2ServerOperations,
  v2ModelOperations,
  v2RepositoryOperations,
  v2SettingsOperations,
  v2SharedMemoryOperations.system,
  v2SharedMemoryOperations.cuda,
  jobOperations,
  serverOperations,
  documentationOperations,
].flatMap((group) => Object.values<Operation>(group));
