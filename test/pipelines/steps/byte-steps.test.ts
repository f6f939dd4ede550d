import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Answer, StepError } from '#src/pipelines/step.js';
import type { Datatype } from '#src/tensor/datatype.js';
import type { Tensor } from '#src/tensor/tensor.js';
import { assertRefused, buildStep } from '../../support/built-steps.js';
import { propertyRuns } from '../../support/property-runs.js';

const byteWindows = (options: object, datatype: Datatype = 'INT32') =>
  buildStep(['byte_windows', options], {
    inputs: [{ name: 'bytes', datatype, shape: [{ symbol: 'length' }] }],
  });

const ascii = (text: string) => new TextEncoder().encode(text);

async function windowsOf(options: object, bytes: Uint8Array, datatype?: Datatype): Promise<number[]> {
  const step = await byteWindows(options, datatype);
  const tensor = (await step.run(bytes)) as Tensor;
  const type = { kind: 'tensor', datatype: tensor.datatype, shape: tensor.shape };
  assert.deepEqual(step.gives, type);
  return Array.from(tensor.data, Number);
}

/** As the Python package writes it: lists that are sliced, stripped and padded, one thing after the other. */
function pythonWindows(
  bytes: number[],
  { head, tail, block }: { head: number; tail: number; block: number },
): number[] {
  const whiteSpace = Array.from(' \t\n\r\v\f', (character) => character.charCodeAt(0));
  const lstrip = (list: number[]): number[] => (whiteSpace.includes(list[0] as number) ? lstrip(list.slice(1)) : list);
  const rstrip = (list: number[]) => lstrip(list.toReversed()).toReversed();
  const size = Math.min(block, bytes.length);
  let beginning = lstrip(bytes.slice(0, size)).slice(0, head);
  while (beginning.length < head) beginning = [...beginning, 256];
  const end = rstrip(bytes.slice(bytes.length - size));
  let ending = end.length > tail ? end.slice(end.length - tail) : end;
  while (ending.length < tail) ending = [256, ...ending];
  return [...beginning, ...ending];
}

/** Bytes of which many are white space, so that there is something to strip on both sides. */
const someBytes = fc.array(
  fc.oneof(fc.constantFrom(0x20, 0x09, 0x0a, 0x0b, 0x0c, 0x0d), fc.integer({ min: 0, max: 255 })),
  { maxLength: 60 },
);

describe('byte_windows', () => {
  it('takes the bytes at either end, and pads behind the head and before the tail', async () => {
    const options = { head: 3, tail: 4, block: 10, padding: 256 };
    assert.deepEqual(await windowsOf(options, Uint8Array.of(1, 2, 3, 4, 5, 6)), [1, 2, 3, 3, 4, 5, 6]);
    assert.deepEqual(await windowsOf(options, Uint8Array.of(1, 2)), [1, 2, 256, 256, 256, 1, 2]);
    assert.deepEqual(await windowsOf(options, Uint8Array.of()), Array(7).fill(256));
  });

  it('strips white space before the head and after the tail, and not on their other sides', async () => {
    const options = { head: 4, tail: 4, block: 8, strip: 'whitespace' };
    const [a, b, space] = [...ascii('ab ')];
    assert.deepEqual(await windowsOf(options, ascii(' \t\n\v\f\ra ')), [a, space, 256, 256, 0x0b, 0x0c, 0x0d, a]);
    assert.deepEqual(await windowsOf(options, ascii('a b  \n')), [a, space, b, space, 256, a, space, b]);
    assert.deepEqual(await windowsOf({ ...options, strip: 'none' }, ascii(' a')), [
      space,
      a,
      256,
      256,
      256,
      256,
      space,
      a,
    ]);
    // White space for Unicode, and for other languages, but not for Python's bytes.
    const others = Uint8Array.of(0xa0, 0x85, 0x1c, 0x00);
    assert.deepEqual(await windowsOf(options, others), [...others, ...others]);
  });

  it('looks for white space no further than the block goes', async () => {
    const options = { head: 2, tail: 2, block: 4, strip: 'whitespace' };
    assert.deepEqual(await windowsOf(options, ascii('    a    ')), [256, 256, 256, 256]);
    assert.deepEqual(await windowsOf(options, ascii('   ab   ')), [0x61, 256, 256, 0x62]);
  });

  it('gives what the same does written with lists, for any bytes and sizes', async () => {
    const size = fc.integer({ min: 0, max: 20 });
    await fc.assert(
      fc.asyncProperty(someBytes, size, size, fc.integer({ min: 1, max: 40 }), async (bytes, head, tail, block) => {
        fc.pre(head + tail > 0 && head <= block && tail <= block);
        const windows = await windowsOf({ head, tail, block, strip: 'whitespace' }, Uint8Array.from(bytes));
        assert.deepEqual(windows, pythonWindows(bytes, { head, tail, block }));
      }),
      propertyRuns(500),
    );
  });

  it('writes elements of any datatype that holds them', async () => {
    const bytes = Uint8Array.of(255, 0);
    for (const datatype of ['INT16', 'INT64', 'FP32'] as const) {
      assert.deepEqual(await windowsOf({ head: 2, tail: 1 }, bytes, datatype), [255, 0, 0]);
    }
    assert.deepEqual(await windowsOf({ head: 3, tail: 0, padding: 0 }, bytes, 'UINT8'), [255, 0, 0]);
    await assert.rejects(byteWindows({ head: 3, tail: 0 }, 'UINT8'), StepError);
    await assert.rejects(byteWindows({ head: 3, tail: 0, padding: 0 }, 'INT8'), StepError);
  });

  it('costs the same for a file of any size', async () => {
    const step = await byteWindows({ head: 8, tail: 8, block: 64 });
    assert.equal(step.effort?.(new Uint8Array(10_000_000)), step.effort?.(new Uint8Array(10)));
  });
});

describe('byte_windows for short inputs', () => {
  const short = { head: 8, tail: 8, block: 16, strip: 'whitespace', min_bytes: 4 };
  const named = {
    ...short,
    if_empty: 'empty',
    if_short_text: { label: 'txt', group: 'text' },
    if_short_binary: 'unknown',
  };
  const answerTo = async (bytes: Uint8Array) => {
    const result = await (await byteWindows(named)).run(bytes);
    return result instanceof Answer ? (result.value as readonly object[]) : 'asks the model';
  };

  it('answers by itself, and says so beforehand', async () => {
    assert.deepEqual((await byteWindows(named)).answers, { kind: 'labels' });
    assert.deepEqual(await answerTo(ascii('')), [{ label: 'empty', score: 1 }]);
    assert.deepEqual(await answerTo(ascii('abc')), [{ label: 'txt', score: 1, group: 'text' }]);
    assert.deepEqual(await answerTo(Uint8Array.of(0xff)), [{ label: 'unknown', score: 1 }]);
  });

  it('asks the model from min_bytes on, counted after white space at the beginning alone', async () => {
    assert.equal(await answerTo(ascii('abcd')), 'asks the model');
    assert.equal(await answerTo(ascii(' \n abc ')), 'asks the model');
    assert.deepEqual(await answerTo(ascii(' \n abc')), [{ label: 'txt', score: 1, group: 'text' }]);
    // What lies behind the first block does not count.
    assert.deepEqual(await answerTo(ascii(`${' '.repeat(13)}abcdef`)), [{ label: 'txt', score: 1, group: 'text' }]);
  });

  it('takes the first block for text if it is UTF-8 to its last byte', async () => {
    const text = [{ label: 'txt', score: 1, group: 'text' }];
    const binary = [{ label: 'unknown', score: 1 }];
    assert.deepEqual(await answerTo(ascii('é')), text);
    assert.deepEqual(await answerTo(Uint8Array.of(0xef, 0xbb, 0xbf)), text);
    assert.deepEqual(await answerTo(ascii('é').subarray(0, 1)), binary);
    assert.deepEqual(await answerTo(Uint8Array.of(0xed, 0xa0, 0x80)), binary);
    assert.deepEqual(await answerTo(Uint8Array.of(0xc0, 0xaf)), binary);
    assert.deepEqual(await answerTo(ascii(`${' '.repeat(15)}é`)), binary);
  });

  it('refuses what it has no answer for', async () => {
    const step = await byteWindows(short);
    assert.equal(step.answers, undefined);
    const expected = 'at least 4 bytes after leading white space';
    await assertRefused(step, ascii('abc'), { path: '', expected, got: '3 bytes' });
    await assertRefused(step, ascii('a'), { path: '', expected, got: '1 byte' });
    await assertRefused(step, ascii(''), { path: '', expected, got: '0 bytes' });
    const plain = await byteWindows({ ...short, strip: 'none' });
    await assertRefused(plain, ascii('abc'), { path: '', expected: 'at least 4 bytes', got: '3 bytes' });
  });

  it('has a sample that the model is asked about', async () => {
    for (const min_bytes of [0, 8, 16]) {
      const step = await byteWindows({ ...named, min_bytes });
      const sample = (await step.sample?.()) ?? assert.fail('there is no sample');
      assert.ok(!((await step.run(sample)) instanceof Answer));
    }
  });
});

describe('byte_windows that fit no model', () => {
  it('are refused when the model loads', async () => {
    await assert.rejects(byteWindows({ head: 0, tail: 0 }), /head and tail are both 0/);
    await assert.rejects(byteWindows({ head: 20, tail: 0, block: 10 }), /within a block, which has 10 bytes/);
    await assert.rejects(byteWindows({ head: 1, tail: 1, block: 10, min_bytes: 11 }), /within a block/);
    const two = ['a', 'b'].map((name) => ({ name, datatype: 'INT32' as const, shape: [] }));
    await assert.rejects(
      buildStep(['byte_windows', { head: 1, tail: 1 }], { inputs: two }),
      /one input; the inputs are a, b/,
    );
  });
});
