import type { StepKind } from '../step.js';
import { labels, threshold, topK } from './label-steps.js';
import { sigmoid, softmax } from './probabilities.js';

/** Steps that make what a classifier gives into an answer, in the order in which they are used. */
export const scoreSteps: readonly StepKind[] = [softmax, sigmoid, labels, topK, threshold];
