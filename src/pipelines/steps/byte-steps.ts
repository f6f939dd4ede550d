import type { StepKind } from '../step.js';

export const byteSteps: readonly StepKind[] = [];
