import type { StepKind } from '../step.js';
import { drawStrokesKind } from './draw-strokes.js';
import { traceStrokesKind } from './trace-strokes.js';

/** Between strokes and images. */
export const strokeSteps: readonly StepKind[] = [drawStrokesKind, traceStrokesKind];
