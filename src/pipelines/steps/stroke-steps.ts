import type { StepKind } from '../step.js';
import type { Stroke } from '../value-type.js';

export const strokeSteps: readonly StepKind[] = [];

export function readStrokes(value: unknown): readonly Stroke[] {
  return value as readonly Stroke[];
}
