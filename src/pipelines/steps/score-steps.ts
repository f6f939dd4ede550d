import type { StepKind } from '../step.js';

export const scoreSteps: readonly StepKind[] = [];
