import { MillraceError } from '../../core/errors.js';
import { type Example, v2Refusal } from './operation.js';

const json = 'application/json';

/** Of POST /v2/models/{name}/infer. */
export const inferExamples: Readonly<Record<string, Example>> = {
  v2Tensors: {
    summary: 'The bare tensors of a model',
    parameters: { name: 'penguins.tensors', 'X-Request-Timeout-Ms': 5000 },
    body: {
      type: json,
      value: {
        id: 'example-tensors',
        inputs: [{ name: 'features', shape: [1, 4], datatype: 'FP32', data: [45.5, 17, 196, 3500] }],
      },
    },
    status: 200,
    answer: {
      type: json,
      value: {
        id: 'example-tensors',
        model_name: 'penguins.tensors',
        model_version: '1',
        outputs: [
          {
            name: 'probabilities',
            datatype: 'FP32',
            shape: [1, 3],
            data: [0.00079195754, 0.9982638, 0.0009442528],
          },
        ],
      },
    },
  },
  v2UnknownOutput: {
    summary: 'An output that the model does not have',
    parameters: { name: 'penguins.tensors' },
    body: {
      type: json,
      value: {
        inputs: [{ name: 'features', shape: [1, 4], datatype: 'FP32', data: [45.5, 17, 196, 3500] }],
        outputs: [{ name: 'species' }],
      },
    },
    ...v2Refusal(
      new MillraceError('INVALID_INPUT', "unexpected inference output 'species' for model 'penguins.tensors'"),
    ),
  },
};

/** Of POST /v2/models/{name}/versions/{version}/infer. */
export const inferVersionExamples: Readonly<Record<string, Example>> = {
  v2Items: {
    summary: 'An item of a pipeline, and the two classes that are most likely',
    parameters: { name: 'penguins', version: '1' },
    body: {
      type: json,
      value: {
        inputs: [{ name: 'input', shape: [1, 1], datatype: 'BYTES', data: ['[45.5,17,196,3500]'] }],
        outputs: [{ name: 'output', parameters: { classification: 2 } }],
      },
    },
    status: 200,
    answer: {
      type: json,
      value: {
        model_name: 'penguins',
        model_version: '1',
        outputs: [
          {
            name: 'output',
            datatype: 'BYTES',
            shape: [1, 2],
            data: ['0.9982638:1:Chinstrap', '0.0009442528:2:Gentoo'],
          },
        ],
      },
    },
  },
};
