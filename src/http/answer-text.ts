import type { Answer } from '../pipelines/step.js';

export function answerText({ value }: Answer): string {
  return JSON.stringify(value);
}
