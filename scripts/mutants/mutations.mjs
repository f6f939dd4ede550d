// Small changes to compiled code, one at a time: what a test that looks at the code must notice.

/** What is written otherwise: a pattern, and what it becomes. */
const swaps = [
  [/ === /g, ' !== '],
  [/ !== /g, ' === '],
  [/ < /g, ' <= '],
  [/ <= /g, ' < '],
  [/ > /g, ' >= '],
  [/ >= /g, ' > '],
  [/ && /g, ' || '],
  [/ \|\| /g, ' && '],
  [/ \?\? /g, ' && '],
  [/ \?\?= /g, ' = '],
  [/ \+ /g, ' - '],
  [/ - /g, ' + '],
  [/ \* /g, ' / '],
  [/ \/ /g, ' * '],
  [/ \+= /g, ' -= '],
  [/ -= /g, ' += '],
  [/\btrue\b/g, 'false'],
  [/\bfalse\b/g, 'true'],
  [/\bMath\.min\b/g, 'Math.max'],
  [/\bMath\.max\b/g, 'Math.min'],
  [/\bMath\.ceil\b/g, 'Math.floor'],
  [/\.every\(/g, '.some('],
  [/\.some\(/g, '.every('],
  [/!(?=[\w(#])/g, ''],
  [/\bcontinue;/g, ';'],
  [/\bbreak;/g, ';'],
  [/(?<![\w.#$])0(?![\w.])/g, '1'],
  [/(?<![\w.#$])1(?![\w.])/g, '0'],
];

/** A statement of one line: a call, an assignment, a return with a value. */
const statement =
  /^\s+(?:(?:void |await )?(?:this\.|[a-z]\w*[.(?])[^=]*\);|(?:this|[a-z]\w*)[\w.#[\]]* (?:\?\?)?[+-]?= .*;|return .+;)$/;

/** All mutants of a compiled file: the line that changes, what it becomes, and the whole text. */
export function mutantsOf(source) {
  const lines = source.split('\n');
  return lines.flatMap((line, at) =>
    changesOf(line).map((changed) => {
      return {
        line: at + 1,
        was: line.trim(),
        becomes: changed.trim(),
        text: lines.toSpliced(at, 1, changed).join('\n'),
      };
    }),
  );
}

function changesOf(line) {
  if (/^\s*(?:\/\/|\/?\*|import |export \{|\}|$)/.test(line)) return [];
  const swapped = swaps.flatMap(([pattern, replacement]) =>
    [...line.matchAll(pattern)]
      .filter(({ index }) => !isQuoted(line, index))
      .map(({ index, 0: { length } }) => line.slice(0, index) + replacement + line.slice(index + length)),
  );
  return statement.test(line) ? [...swapped, line.replace(/\S.*$/, ';')] : swapped;
}

/** Whether a place lies in a text: what is said there is no business of tests of behaviour. */
function isQuoted(line, index) {
  const before = line.slice(0, index);
  return ["'", '"', '`'].some((quote) => before.split(quote).length % 2 === 0);
}
