/* How the servers are asked: the same numbers in each one's own JSON. */
import { nested } from './items.js';

/** The outputs for one item, by name. */
export type Outputs = Readonly<Record<string, readonly number[]>>;

/** What a request needs to say, in one form or another. */
export interface Question {
  readonly model: string;
  readonly inputName: string;
  readonly outputName: string;
  /** Of one item, without the batch axis. */
  readonly shape: readonly number[];
  /** Row-major. */
  readonly numbers: readonly number[];
}

export interface RequestForm {
  body(question: Question): unknown;
  /** The outputs by name, of which nothing is known yet. */
  outputs(answer: unknown, outputName: string): unknown;
}

export const formNames = ['input', 'numbers', 'rows', 'v2'] as const;

export type FormName = (typeof formNames)[number];

export const requestForms: Readonly<Record<FormName, RequestForm>> = {
  /** millrace's: nested numbers, outputs by name. */
  input: {
    body: ({ model, numbers, shape }) => ({ model, input: nested(numbers, shape) }),
    outputs: (answer) => part(answer, 'output'),
  },
  /** A flat list, which is less to read. */
  numbers: {
    body: ({ numbers }) => ({ x: numbers }),
    outputs: (answer, outputName) => ({ [outputName]: part(answer, 'y') }),
  },
  /** A batch of one flat list. */
  rows: {
    body: ({ numbers }) => ({ x: [numbers] }),
    outputs: (answer, outputName) => ({ [outputName]: part(answer, 0) }),
  },
  /** The V2 inference protocol in JSON: https://github.com/kserve/open-inference-protocol. */
  v2: {
    body: ({ inputName, shape, numbers }) => ({
      inputs: [{ name: inputName, shape: [1, ...shape], datatype: 'FP32', data: numbers }],
    }),
    outputs: (answer, outputName) => ({ [outputName]: part(part(part(answer, 'outputs'), 0), 'data') }),
  },
};

function part(value: unknown, key: string | number): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string | number, unknown>)[key] : undefined;
}
