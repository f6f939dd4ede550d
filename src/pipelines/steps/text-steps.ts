import type { StepKind } from '../step.js';

export const textSteps: readonly StepKind[] = [];
