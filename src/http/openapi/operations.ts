import { documentationOperations } from './documentation-operations.js';
import { jobOperations } from './job-operations.js';
import { modelOperations } from './model-operations.js';
import type { Operation } from './operation.js';
import { predictionOperations } from './prediction-operations.js';
import { serverOperations } from './server-operations.js';

/** Every route of the server, in the document's order. */
export const operations: readonly Operation[] = [
  predictionOperations,
  modelOperations,
  jobOperations,
  serverOperations,
  documentationOperations,
].flatMap((group) => Object.values<Operation>(group));
