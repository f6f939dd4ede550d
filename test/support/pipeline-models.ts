import { affine, identity } from './fixture-models.js';
import type { FolderContents } from './model-folder.js';

/*
 * Models around which every step is the operator's own, for what depends on the kinds that a model takes and gives.
 * The models themselves compute y = 2x + 1 on four numbers, but that of `lines`.
 */

/** `sums`: four numbers in a text, separated by spaces, become their sum after the model: {"sum": 2(a+b+c+d) + 4}. */
export const sums: FolderContents = {
  'sums/model.onnx': affine(),
  'sums/model.yaml': 'pipeline: { preprocess: [split.mjs], postprocess: [sum.mjs] }',
  'sums/split.mjs': `
    export default {
      takes: 'text',
      gives: { kind: 'tensor', datatype: 'FP32', shape: [4] },
      run(text) {
        const data = Float32Array.from(text.split(' '), Number);
        if (data.length !== 4 || data.includes(NaN)) {
          throw Object.assign(new Error('These are not four numbers.'), { code: 'INVALID_INPUT', expected: 'numbers' });
        }
        return { datatype: 'FP32', shape: [4], data };
      },
    };`,
  'sums/sum.mjs': `
    export default {
      takes: 'tensor',
      gives: 'json',
      run: ({ data }) => ({ sum: data.reduce((all, each) => all + each, 0) }),
    };`,
};

/** `bytes`: the first four bytes of a file, a hundredth each, become labels with a place and a colour; the best comes last. */
export const bytes: FolderContents = {
  'bytes/model.onnx': affine(),
  'bytes/model.yaml': 'pipeline: { preprocess: [first.mjs], postprocess: [label.mjs] }',
  'bytes/first.mjs': `
    export default {
      takes: 'bytes',
      gives: { kind: 'tensor', datatype: 'FP32', shape: [4] },
      run(file) {
        if (file.length === 0) throw Object.assign(new Error('The file is empty.'), { code: 'INVALID_INPUT' });
        return { datatype: 'FP32', shape: [4], data: Float32Array.from({ length: 4 }, (_, at) => (file[at] ?? 0) / 100) };
      },
    };`,
  'bytes/label.mjs': `
    const names = ['one', 'two', 'three', 'fo\\u001b[31mur'];
    export default {
      takes: 'tensor',
      gives: 'labels',
      run: ({ data }) => Array.from(data, (score, at) => ({ label: names[at], score, place: at + 1 })).sort((a, b) => a.score - b.score),
    };`,
};

/** `lines`: what a client sends as JSON comes back as a text of several lines, with something in it for the terminal. */
export const lines: FolderContents = {
  'lines/model.onnx': identity('FP32', ['N', 1]),
  'lines/model.yaml': 'pipeline: { preprocess: [one.mjs], postprocess: [lines.mjs] }',
  'lines/one.mjs': `
    export default {
      takes: 'record',
      gives: { kind: 'tensor', datatype: 'FP32', shape: [1] },
      run: (record) => ({ datatype: 'FP32', shape: [1], data: Float32Array.of(Object.keys(record).length) }),
    };`,
  'lines/lines.mjs': `
    export default { takes: 'tensor', gives: 'text', run: ({ data }) => 'keys:\\n' + data[0] + '\\u009b2J' };`,
};

/** `endless`: takes a text and never comes to an end with it. */
export const endless: FolderContents = {
  'endless/model.onnx': affine(),
  'endless/model.yaml': 'pipeline: { preprocess: [wait.mjs] }',
  'endless/wait.mjs': `
    export default {
      takes: 'text',
      gives: { kind: 'tensor', datatype: 'FP32', shape: [4] },
      run: () => new Promise(() => {}),
    };`,
};
