import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MillraceError } from '#src/core/errors.js';
import { parseJson } from '#src/core/json-document.js';
import { scanDocument } from '#src/http/document-scanner.js';
import { ItemDecoder } from '#src/http/item-decoder.js';
import { readEnvelope } from '#src/http/predict-envelope.js';
import type { Dimension, TensorSpec } from '#src/model/signature.js';
import { arrayText, numberText } from '../support/number-texts.js';
import { propertyRuns } from '../support/property-runs.js';

/* From the bytes of a request to tensors: what comes out when its arrays are read from the bytes, and when they are not. */

const MAX_ROWS = 5;

const free: Dimension = { symbol: 'n' };
const shapes: readonly (readonly Dimension[])[] = [[24], [free], [2, 12], [free, 12], [free, free], [1, 3, 8], []];
const datatypes = ['FP32', 'FP64', 'FP16', 'INT64', 'UINT64', 'INT8', 'UINT8', 'BOOL', 'BYTES'] as const;

function decoderFor(inputs: readonly TensorSpec[]): ItemDecoder {
  return new ItemDecoder(
    { inputs, outputs: [] },
    { inputs: Object.fromEntries(inputs.map(({ name }) => [name, 0])), outputs: {} },
  );
}

/** The tensors of every item, or what is wrong with it; or what is wrong with the request. */
function outcomeOf(decoder: ItemDecoder, read: () => unknown): unknown {
  const attempt = (action: () => unknown): unknown => {
    try {
      return action();
    } catch (error) {
      assert.ok(error instanceof MillraceError);
      return { code: error.code, message: error.message, details: error.details };
    }
  };
  return attempt(() => {
    const envelope = readEnvelope(read(), MAX_ROWS);
    const items = envelope.items.map((item, index) => attempt(() => decoder.decode(item, `inputs[${index}]`)));
    return { ...envelope, items };
  });
}

const whole = fc.integer({ min: 0, max: 127 }).map(String);
const decimal = fc.double({ min: -1e4, max: 1e4, noNaN: true }).map(String);
const rare = fc.oneof(
  numberText,
  fc.constantFrom('1e999', '256', '-1', '65520', '3.5e38', '9007199254740993', '-9007199254740993', '0.5', '-0'),
  fc.constantFrom('null', 'true', '"1"', '[1]', '{}'),
);
/** Elements of one kind; in one of three arrays, something else among them. */
const elements = fc
  .record({ kind: fc.constantFrom(whole, decimal, numberText), rareness: fc.constantFrom(0, 0, 1) })
  .map(({ kind, rareness }) => fc.oneof({ weight: 40, arbitrary: kind }, { weight: rareness, arbitrary: rare }));

const exactly = (length: number) => ({ minLength: length, maxLength: length });
const tensorText = elements.chain((element) =>
  fc.oneof(
    arrayText(element, exactly(24)),
    arrayText(arrayText(element, exactly(12)), exactly(2)),
    arrayText(arrayText(arrayText(element, exactly(8)), exactly(3)), exactly(1)),
    arrayText(arrayText(element, { minLength: 11, maxLength: 12 }), exactly(2)),
    arrayText(element, { minLength: 15, maxLength: 30 }),
  ),
);
const itemText = fc.oneof(
  { weight: 3, arbitrary: tensorText },
  { weight: 3, arbitrary: tensorText.map((text) => `{"x":${text}}`) },
  { weight: 1, arbitrary: fc.tuple(tensorText, tensorText).map(([x, y]) => `{"x":${x},"y":${y}}`) },
  { weight: 1, arbitrary: fc.constantFrom('{}', 'null', '1', '[]') },
);
const requestText = fc.oneof(
  itemText.map((item) => `{"model":"m","input":${item},"parameters":{"priority":1}}`),
  arrayText(itemText, { minLength: 1, maxLength: MAX_ROWS + 1 }).map((items) => `{"inputs":${items}}`),
  arrayText(tensorText, { minLength: 1, maxLength: MAX_ROWS }).map((items) => `{"inputs":${items},"model":"m"}`),
  fc.tuple(itemText, itemText).map(([item, other]) => `{"input":${item},"inputs":[${other}],"modell":1}`),
);

describe('a request whose arrays are read from its bytes', () => {
  for (const datatype of datatypes) {
    it(`gives the ${datatype} tensors and the errors that JSON.parse leads to, bit for bit`, () => {
      const model = fc.record({ shape: fc.constantFrom(...shapes), other: fc.option(fc.constantFrom(...shapes)) });
      fc.assert(
        fc.property(model, requestText, ({ shape, other }, text) => {
          const x = { name: 'x', datatype, shape: [{ symbol: 'N' }, ...shape] };
          const decoder = decoderFor(
            other === null ? [x] : [x, { ...x, name: 'y', shape: [{ symbol: 'N' }, ...other] }],
          );
          const body = Buffer.from(text.padEnd(512));
          const expected = outcomeOf(decoder, () => parseJson(body));
          assert.deepStrictEqual(
            outcomeOf(decoder, () => scanDocument(body)),
            expected,
          );
        }),
        propertyRuns(500),
      );
    });
  }

  it('becomes tensors that share no memory', () => {
    const body = Buffer.from(
      JSON.stringify({ inputs: [new Array(24).fill(1.5), new Array(24).fill(2.5)] }).padEnd(512),
    );
    const decoder = decoderFor([{ name: 'x', datatype: 'FP64', shape: [{ symbol: 'N' }, 24] }]);
    const tensors = readEnvelope(scanDocument(body), MAX_ROWS).items.map(
      (item) => decoder.decode(item, '').inputs['x']?.data,
    );
    assert.deepEqual(tensors, [new Float64Array(24).fill(1.5), new Float64Array(24).fill(2.5)]);
    assert.equal(new Set(tensors.map((data) => (data as Float64Array).buffer)).size, 2);
  });
});
