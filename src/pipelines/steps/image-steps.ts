import type { StepKind } from '../step.js';

export const imageSteps: readonly StepKind[] = [];
