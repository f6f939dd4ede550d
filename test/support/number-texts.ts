import fc from 'fast-check';

/* Texts of numbers, valid and not, for whoever reads numbers from text. */

const digit = fc.integer({ min: 0, max: 9 }).map(String);
const digits = (maxLength: number) => fc.string({ unit: digit, minLength: 1, maxLength });
const sign = fc.constantFrom('', '-');
const whole = fc.oneof(
  { weight: 1, arbitrary: fc.constant('0') },
  { weight: 3, arbitrary: digits(3).map(withoutZeros) },
  { weight: 1, arbitrary: digits(25).map(withoutZeros) },
);
const decimals = fc.oneof(
  fc.constant(''),
  digits(6).map((text) => `.${text}`),
  digits(40).map((text) => `.${text}`),
);
const exponent = fc.oneof(
  { weight: 4, arbitrary: fc.constant('') },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('e', 'E'), fc.constantFrom('', '+', '-'), digits(3))
      .map((parts) => parts.join('')),
  },
);

/** Every form that the grammar of JSON has for a number. */
const composed = fc.tuple(sign, whole, decimals, exponent).map((parts) => parts.join(''));

const anyDouble = fc.double({ noNaN: true, noDefaultInfinity: true });
const anyFloat = fc.float({ noNaN: true, noDefaultInfinity: true });

/** Numbers as programs print them: the shortest that reads back, 17 digits, few decimals, with exponents. */
const printed = fc.oneof(
  anyDouble.map(String),
  anyDouble.map((value) => value.toPrecision(17)),
  anyDouble.map((value) => value.toExponential()),
  anyFloat.map(String),
  fc.double({ min: -1, max: 1, noNaN: true }).map((value) => value.toFixed(4)),
  fc.double({ min: -1, max: 1, noNaN: true }).map((value) => String(Math.fround(value))),
  fc.maxSafeInteger().map(String),
);

/**
 * Numbers halfway between two doubles, by all their digits, and their nearest neighbours in both directions: where a
 * reader that rounds twice goes wrong.
 */
const halfway = fc
  .record({
    odd: fc.bigInt({ min: 2n ** 52n, max: 2n ** 53n - 1n }).map((mantissa) => 2n * mantissa + 1n),
    power: fc.integer({ min: -60, max: 40 }),
    off: fc.constantFrom(-1n, 0n, 1n),
  })
  .map(({ odd, power, off }) => {
    const zeros = 20n;
    // odd × 2^power as a whole number of ten to a negative power.
    const shifted = power < 0 ? odd * 5n ** BigInt(-power) : odd * 2n ** BigInt(power);
    return `${shifted * 10n ** zeros + off}e${-20 + Math.min(power, 0)}`;
  });

/** Texts of JSON numbers. */
export const numberText: fc.Arbitrary<string> = fc.oneof(composed, printed, halfway);

/** Texts that are nearly numbers, and those of other JSON values. */
export const otherText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '01',
    '-01',
    '00',
    '1.',
    '.5',
    '-.5',
    '+1',
    '-',
    '--1',
    '1e',
    '1e+',
    '1.e5',
    '1.5.5',
    '1e5.5',
    '1e5e5',
  ),
  fc.constantFrom(
    'NaN',
    '-NaN',
    'Infinity',
    '-Infinity',
    '0x10',
    '1_000',
    '1 2',
    '1n',
    '１',
    '',
    '/',
    ':',
    '-/',
    '1/2',
  ),
  fc.constantFrom('null', 'true', '"1"', '""', '{}', '[]', '[1]', '{"a":1}', '" ] "'),
  // One character too many, too few, or another.
  fc.tuple(numberText, fc.nat(), fc.constantFrom('', '0', '.', '-', '+', 'e', 'E', ' ', '/', ':', 'x')).map(replaced),
);

const space = fc.oneof(
  { weight: 6, arbitrary: fc.constant('') },
  { weight: 2, arbitrary: fc.constant(' ') },
  { weight: 1, arbitrary: fc.string({ unit: fc.constantFrom(' ', '\t', '\n', '\r'), maxLength: 3 }) },
);

/** The text of an array with these texts for elements, and space anywhere. */
export function arrayText(elements: fc.Arbitrary<string>, length: { minLength?: number; maxLength: number }) {
  return fc
    .tuple(
      space,
      fc.array(
        fc.tuple(space, elements, space).map((parts) => parts.join('')),
        length,
      ),
    )
    .map(([inside, parts]) => `[${parts.length === 0 ? inside : parts.join(',')}]`);
}

function withoutZeros(text: string): string {
  return text.replace(/^0+(?=\d)/, '');
}

function replaced([text, at, by]: [string, number, string]): string {
  const place = at % (text.length + 1);
  return text.slice(0, place) + by + text.slice(place + (at % 2));
}
