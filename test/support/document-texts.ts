import fc from 'fast-check';
import { arrayText, numberText, otherText } from './number-texts.js';

/* Texts of requests' documents, with all that may lead a scanner of bytes astray. */

/** Strings full of what is structure elsewhere, as JSON writes them. */
const stringText = fc.oneof(
  fc
    .string({ unit: fc.constantFrom('[', ']', '{', '}', '"', '\\', ',', ':', '1', '\n', 'é', '\u2028') })
    .map((text) => JSON.stringify(text)),
  fc.constantFrom('"\\\\"', '"\\""', '"a\\\\\\"[1,2"', '"\\u005b1,2]"', '"[1,2,3]"', '"input"', '""'),
);

/** Names that count, the same with escapes, and names that every object has. */
const keyText = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('"x"', '"y"', '"data"') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('"\\u0078"', '"d\\u0061ta"', '"__proto__"', '"constructor"', '"input"', '"0"'),
  },
  { weight: 1, arbitrary: stringText },
);

const row = arrayText(numberText, { minLength: 1, maxLength: 30 });
const numbers = fc.oneof(
  { weight: 4, arbitrary: row },
  { weight: 2, arbitrary: row.map((text) => `[${text},${text}]`) },
  { weight: 1, arbitrary: fc.tuple(row, row).map(([first, second]) => `[ ${first} , ${second}]`) },
  { weight: 1, arbitrary: arrayText(fc.oneof(numberText, otherText), { maxLength: 20 }) },
);

const anything = fc.oneof(
  { weight: 5, arbitrary: numbers },
  { weight: 2, arbitrary: fc.oneof(stringText, numberText, fc.constantFrom('null', 'true', '{}', '[]', '[[]]')) },
  { weight: 1, arbitrary: fc.tuple(keyText, numbers).map(([key, value]) => `{${key}:[{"a":${value}}]}`) },
);

const itemText = fc.oneof(numbers, objectText(fc.tuple(keyText, anything), { maxLength: 4 }), anything);

const itemsText = fc.oneof(
  arrayText(numbers, { minLength: 1, maxLength: 6 }),
  arrayText(objectText(fc.tuple(keyText, numbers), { maxLength: 3 }), { minLength: 1, maxLength: 6 }),
  arrayText(itemText, { maxLength: 4 }),
  anything,
);

const member = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constant('"input"'), itemText) },
  { weight: 4, arbitrary: fc.tuple(fc.constant('"inputs"'), itemsText) },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom('"model"', '"id"', '"parameters"'), anything) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom('"inp\\u0075t"', '"inputs\\u0000"', '"__proto__"'), itemText) },
  { weight: 1, arbitrary: fc.tuple(stringText, anything) },
);

/** Documents in which nothing is unusual: arrays of one length, no key twice, no escape. */
const plainText = fc
  .record({ long: arrayText(numberText, { minLength: 20, maxLength: 30 }), copies: fc.integer({ min: 1, max: 3 }) })
  .chain(({ long, copies }) => {
    const several = new Array<string>(copies).fill(long).join(' ,');
    return fc.constantFrom(
      `{"model":"m","input":${long}}`,
      `{"input" : [${several}],"model":"[1,2"}`,
      `{"input":{"x":${long},"y":[${several}]}}`,
      `{"inputs":[${several}]}`,
      `{"inputs":[[${several}],${several}]}`,
      `{"inputs":[{"x":${long}},{"x":${long},"y":{"z":[]}}],"parameters":{}}`,
    );
  });

/** Documents of POST /predict and their like: JSON for the most part. */
export const documentText: fc.Arbitrary<string> = fc.oneof(plainText, objectText(member, { maxLength: 4 }));

/** The same with one character more, less or other. */
export const damagedText: fc.Arbitrary<string> = fc
  .record({
    text: documentText,
    at: fc.nat(),
    by: fc.oneof(
      fc.constantFrom('', ...Array.from('[]{}",:\\ 1-.e\0é')),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    ),
    less: fc.nat({ max: 1 }),
  })
  .map(({ text, at, by, less }) => {
    const place = at % (text.length + 1);
    return text.slice(0, place) + by + text.slice(place + less);
  });

function objectText(
  members: fc.Arbitrary<[key: string, value: string]>,
  length: { maxLength: number },
): fc.Arbitrary<string> {
  return fc
    .tuple(fc.array(members, length), fc.constantFrom('', ' ', '\n', '\r\n\t'))
    .map(([parts, space]) => `{${space}${parts.map(([key, value]) => key + space + ':' + value + space).join(',')}}`);
}
