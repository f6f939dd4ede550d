import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import { MillraceError } from '../../core/errors.js';
import { allocate } from '../../tensor/datatype.js';
import { writeNumber } from '../../tensor/number-element.js';
import { Answer, StepError, type StepKind, stepKind } from '../step.js';
import type { Label, ValueType } from '../value-type.js';
import { byteWindows, headBlock } from './byte-windows.js';
import { onlyInput } from './only-input.js';

/** Windows longer than this are no longer a small part of a file. */
const MAX_BLOCK = 1024 * 1024;
const bytesSchema = z.int().min(0).max(MAX_BLOCK);

/** A label that stands for itself, or with whatever else the answer is to say of it. */
const answerSchema = z.union([z.string().min(1), z.looseObject({ label: z.string().min(1) })]);

const byteWindowsSchema = z.strictObject({
  head: bytesSchema.describe('Bytes from the beginning, each an element of the tensor'),
  tail: bytesSchema.describe('Bytes from the end, behind those from the beginning; 0 for none'),
  block: bytesSchema
    .min(1)
    .default(4096)
    .describe('White space is looked for, and bytes are taken, in so many bytes at either end and nowhere else'),
  padding: z
    .int()
    .min(-1)
    .max(65_535)
    .default(256)
    .describe('What stands where there is no byte: behind the bytes of the beginning, before those of the end'),
  strip: z
    .enum(['whitespace', 'none'])
    .default('none')
    .describe(
      '`whitespace` leaves out ASCII white space before the first byte of the head and after the last of the tail',
    ),
  min_bytes: bytesSchema
    .default(0)
    .describe('Inputs with fewer bytes in their first block, stripped at its beginning, are too short for the model'),
  if_empty: answerSchema
    .exactOptional()
    .describe(
      'The label of an input without bytes, which the model is then not asked for; a name, or a mapping with `label`',
    ),
  if_short_text: answerSchema.exactOptional().describe('The label of an input that is too short and valid UTF-8'),
  if_short_binary: answerSchema.exactOptional().describe('The label of an input that is too short and not UTF-8'),
});

type ByteWindowsOptions = z.output<typeof byteWindowsSchema>;

/** What `answers` says of a step that may give labels early. */
const labels: ValueType = { kind: 'labels' };

const byteWindowsStep = stepKind({
  name: 'byte_windows',
  summary:
    'The first and the last bytes of a file as numbers, one element each: enough to tell what kind of file it is, ' +
    'however large it may be',
  takes: ['bytes'],
  gives: ['tensor'],
  options: byteWindowsSchema,
  resolve: (options, _given, context) => {
    const { head, tail, block, padding } = options;
    if (Math.max(head, tail, options.min_bytes) > block) {
      throw new StepError(`head, tail and min_bytes lie within a block, which has ${block} bytes`);
    }
    if (head + tail === 0) throw new StepError('head and tail are both 0: there is nothing for the model');
    const { datatype } = onlyInput(context);
    const probe = { datatype, data: allocate(datatype, 1) };
    const unheld = [padding, 255].find((value) => !writeNumber(probe, 0, value));
    if (unheld !== undefined) throw new StepError(`the model's input is ${datatype}, which does not hold ${unheld}`);
    const shape = [head + tail];
    return {
      name: 'byte_windows',
      gives: { kind: 'tensor', datatype, shape },
      ...(mayAnswer(options) ? { answers: labels } : {}),
      runs: 'javascript',
      run: (value) => {
        const bytes = value as Uint8Array;
        const answer = earlyAnswer(bytes, options);
        if (answer !== undefined) return answer;
        const tensor = { datatype, shape, data: allocate(datatype, head + tail) };
        const windows = byteWindows(bytes, options);
        for (let at = 0; at < windows.length; at += 1) writeNumber(tensor, at, windows[at] as number);
        return tensor;
      },
      // However long the file is, two blocks of it are looked at.
      effort: () => head + tail,
      sample: () => new TextEncoder().encode('{"a": "line of text"}\n'.repeat(Math.ceil((options.min_bytes + 1) / 22))),
    };
  },
});

function mayAnswer({ if_empty, if_short_text, if_short_binary }: ByteWindowsOptions): boolean {
  return if_empty !== undefined || if_short_text !== undefined || if_short_binary !== undefined;
}

/**
 * The answer for an input that is too short to ask the model, undefined for any other.
 *
 * @throws MillraceError INVALID_INPUT if it is too short, and the options have no label for it
 */
function earlyAnswer(bytes: Uint8Array, options: ByteWindowsOptions): Answer | undefined {
  const { min_bytes, if_empty, if_short_text, if_short_binary } = options;
  if (bytes.length === 0 && if_empty !== undefined) return certain(if_empty);
  if (headBlock(bytes, options).length >= min_bytes) return undefined;
  const label = isUtf8(bytes.subarray(0, options.block)) ? if_short_text : if_short_binary;
  if (label !== undefined) return certain(label);
  throw new MillraceError('INVALID_INPUT', 'The input is too short for the model.', {
    path: '',
    expected: `at least ${min_bytes} bytes${options.strip === 'whitespace' ? ' after leading white space' : ''}`,
    got: bytes.length === 1 ? '1 byte' : `${bytes.length} bytes`,
  });
}

function certain(label: z.output<typeof answerSchema>): Answer {
  const { label: name, ...details } = typeof label === 'string' ? { label } : label;
  return new Answer(labels, [{ label: name, score: 1, ...details } satisfies Label]);
}

export const byteSteps: readonly StepKind[] = [byteWindowsStep];
