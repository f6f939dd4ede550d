import { didYouMean } from '../core/near-names.js';
import { StepError, type StepKind } from './step.js';
import { byteSteps } from './steps/byte-steps.js';
import { imageSteps } from './steps/image-steps.js';
import { recordSteps } from './steps/record-steps.js';
import { scoreSteps } from './steps/score-steps.js';
import { strokeSteps } from './steps/stroke-steps.js';
import { tensorSteps } from './steps/tensor-steps.js';
import { textSteps } from './steps/text-steps.js';

/** All kinds of steps that come with the server, in the order in which the documentation shows them. */
export const stepCatalogue: readonly StepKind[] = [
  ...imageSteps,
  ...strokeSteps,
  ...recordSteps,
  ...textSteps,
  ...byteSteps,
  ...tensorSteps,
  ...scoreSteps,
];

const byName = new Map(stepCatalogue.map((kind) => [kind.name, kind]));

/**
 * Finds a kind of step.
 *
 * @throws StepError with the names that are near
 */
export function findStepKind(name: string): StepKind {
  const kind = byName.get(name);
  if (kind !== undefined) return kind;
  const known = [...byName.keys()];
  throw new StepError(`there is no step ${name}${didYouMean(name, known)}; expected one of ${known.join(', ')}`);
}
