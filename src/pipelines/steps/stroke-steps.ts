import type { StepKind } from '../step.js';

export const strokeSteps: readonly StepKind[] = [];
