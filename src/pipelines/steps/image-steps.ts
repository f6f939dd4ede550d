import type { StepKind } from '../step.js';
import { colourKind } from './convert-colour.js';
import { cropKind } from './crop-image.js';
import { decodeImageKind } from './decode-image.js';
import { imageToTensorKind } from './image-to-tensor.js';
import { letterboxKind, resizeKind } from './resize-image.js';

/** From the bytes of an image to a tensor. */
export const imageSteps: readonly StepKind[] = [
  decodeImageKind,
  resizeKind,
  letterboxKind,
  cropKind,
  colourKind,
  imageToTensorKind,
];
