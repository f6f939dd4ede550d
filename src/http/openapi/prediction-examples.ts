import { MillraceError } from '../../core/errors.js';
import { type Example, refusal } from './operation.js';

const json = 'application/json';
const penguins = { model: 'penguins', version: '1' };
const chinstrap = [
  { label: 'Chinstrap', score: 0.9982638 },
  { label: 'Gentoo', score: 0.0009442528 },
  { label: 'Adelie', score: 0.00079195754 },
];
const german = [
  { label: 'deu', score: 0.99029046, name: 'German' },
  { label: 'nld', score: 0.009438528, name: 'Dutch' },
  { label: 'afr', score: 0.0002655371, name: 'Afrikaans' },
];
const shellScript = {
  label: 'shell',
  score: 0.99929667,
  description: 'Shell script',
  mime_type: 'text/x-shellscript',
  group: 'code',
};
const arrows = [
  ['arrow.r', 0.9531609, '→', 'U+2192', '->'],
  ['arrow.r.long', 0.043065123, '⟶', 'U+27F6', '-->'],
  ['arrow.r.double.long', 0.0010835069, '⟹', 'U+27F9', '==>'],
  ['arrow.r.dashed', 0.00087314605, '⇢', 'U+21E2'],
  ['arrow.r.bar', 0.0007121397, '↦', 'U+21A6', '|->'],
].map(([label, score, symbol, point, shorthand]) => ({
  label,
  score,
  names: [label],
  symbol,
  code_point: point,
  ...(shorthand === undefined ? {} : { math_shorthand: shorthand }),
}));
const timings = { queue: 0.529, preprocess: 0.084, inference: 0.579, postprocess: 0.04, total: 1.29 };
const alone = { timings_ms: timings, batch_size: 1 };

/** Of POST /predict. */
export const predictExamples: Readonly<Record<string, Example>> = {
  oneItem: {
    summary: 'Which penguin has these measures?',
    body: {
      type: json,
      value: {
        id: 'example-penguin',
        model: 'penguins',
        input: { beak_length_mm: 45.5, beak_depth_mm: 17, flipper_length_mm: 196, body_mass_g: 3500 },
      },
    },
    status: 200,
    answer: { type: json, value: { id: 'example-penguin', ...penguins, output: chinstrap, ...alone } },
  },
  severalItems: {
    summary: 'Several items share a batch; one that is wrong fails alone',
    parameters: { 'X-Request-Id': 'example-3', 'X-Request-Timeout-Ms': 5000 },
    body: {
      type: json,
      value: { id: 'example-penguins', model: 'penguins', inputs: [[45.5, 17, 196, 3500], [45.5]] },
    },
    status: 200,
    answer: {
      type: json,
      value: {
        id: 'example-penguins',
        ...penguins,
        outputs: [
          { output: chinstrap, ...alone },
          {
            error: refusal(
              new MillraceError('INVALID_INPUT', 'The record does not have one value for each column.', {
                path: 'inputs[1]',
                expected: '4 values: beak_length_mm, beak_depth_mm, flipper_length_mm, body_mass_g',
                got: 'an array of 1',
              }),
              'example-3',
            ).answer.value,
          },
        ],
      },
    },
  },
  tensors: {
    summary: 'The same model without its pipeline',
    body: { type: json, value: { id: 'example-tensors', model: 'penguins.tensors', input: [45.5, 17, 196, 3500] } },
    status: 200,
    answer: {
      type: json,
      value: {
        id: 'example-tensors',
        model: 'penguins.tensors',
        version: '1',
        output: { probabilities: [0.00079195754, 0.9982638, 0.0009442528] },
        ...alone,
      },
    },
  },
  form: {
    summary: 'A form whose part is the item',
    body: {
      type: 'multipart/form-data',
      value: { id: 'example-form', model: 'lande', text: 'Guten Morgen, wie geht es Ihnen heute?' },
    },
    status: 200,
    answer: { type: json, value: { id: 'example-form', model: 'lande', version: '1', output: german, ...alone } },
  },
  misspelt: {
    summary: 'A model that is not there',
    parameters: { 'X-Request-Id': 'example-4' },
    body: { type: json, value: { model: 'penguin', input: [45.5, 17, 196, 3500] } },
    ...refusal(
      new MillraceError('MODEL_NOT_FOUND', 'There is no model of this name. Did you mean penguins?', {
        path: 'model',
        expected: 'the name of a model that GET /models lists',
        got: 'penguin',
        didYouMean: ['penguins'],
      }),
      'example-4',
    ),
  },
};

/** Of POST /models/{name}/predict. */
export const modelPredictExamples: Readonly<Record<string, Example>> = {
  text: {
    summary: 'A text as it is',
    parameters: { name: 'lande', id: 'example-text' },
    body: { type: 'text/plain', value: 'Guten Morgen, wie geht es Ihnen heute?' },
    status: 200,
    answer: { type: json, value: { id: 'example-text', model: 'lande', version: '1', output: german, ...alone } },
  },
  file: {
    summary: 'A file as it is',
    parameters: { name: 'magika', id: 'example-file', priority: 1, timeout_ms: 5000 },
    body: {
      type: 'application/octet-stream',
      value: '#!/bin/sh\nset -eu\nfor file in *.txt; do\n  echo "$file"\ndone\n',
    },
    status: 200,
    answer: {
      type: json,
      value: { id: 'example-file', model: 'magika', version: '1', output: [shellScript], ...alone },
    },
  },
  asCurlSends: {
    summary: 'What curl --data-binary sends if nobody says a type: also an item as it is',
    parameters: { name: 'lande', id: 'example-curl' },
    body: { type: 'application/x-www-form-urlencoded', value: 'Guten Morgen, wie geht es Ihnen heute?' },
    status: 200,
    answer: { type: json, value: { id: 'example-curl', model: 'lande', version: '1', output: german, ...alone } },
  },
};

/** Of POST /models/{name}/versions/{version}/predict. */
export const versionPredictExamples: Readonly<Record<string, Example>> = {
  strokes: {
    summary: 'Which symbol did I draw?',
    parameters: { name: 'symbols', version: '1' },
    body: {
      type: json,
      value: {
        id: 'example-strokes',
        input: [
          [
            [0, 50],
            [100, 50],
          ],
          [
            [75, 25],
            [100, 50],
            [75, 75],
          ],
        ],
      },
    },
    status: 200,
    answer: {
      type: json,
      value: { id: 'example-strokes', model: 'symbols', version: '1', output: arrows, ...alone },
    },
  },
};
