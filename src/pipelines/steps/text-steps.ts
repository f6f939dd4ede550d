import type { StepKind } from '../step.js';
import { countNgramsStep } from './ngram-step.js';
import { normaliseTextStep } from './normalise-text-step.js';

export const textSteps: readonly StepKind[] = [normaliseTextStep, countNgramsStep];
