import type { StepKind } from '../step.js';

export const tensorSteps: readonly StepKind[] = [];
