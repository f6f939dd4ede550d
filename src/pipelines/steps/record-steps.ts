import type { StepKind } from '../step.js';

export const recordSteps: readonly StepKind[] = [];
