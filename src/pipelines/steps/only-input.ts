import type { TensorSpec } from '../../model/signature.js';
import { type StepContext, StepError } from '../step.js';

/**
 * The input of a model that has one, for a step that makes one tensor.
 *
 * @throws StepError if the model has several inputs or none
 */
export function onlyInput({ inputs }: StepContext): TensorSpec {
  const [only, ...others] = inputs;
  if (only !== undefined && others.length === 0) return only;
  const names = inputs.map(({ name }) => name).join(', ') || 'none';
  throw new StepError(`makes one tensor, for a model with one input; the inputs are ${names}`);
}
