/*
 * What comes from models, clients' files and servers is not written to a terminal as it is: a control character in a
 * label could move the cursor, recolour the screen or retitle the window.
 */

/** Control characters, C0 and C1; line and paragraph separators; and what turns the direction of the text around it. */
const UNPRINTABLE = /[\p{Cc}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/gu;
const CONTROLS_IN_JSON = /[\u007F-\u009F]/g;

/** A number with a fraction, what stands between values, or a string, which may hold what looks like these. */
const SHOWN_OTHERWISE = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+(?:[eE][+-]?\d+)?|[eE][+-]?\d+)|[,:]/g;
/** A number of seventeen digits becomes one of four: so much of a text may be needed to fill a column. */
const SHRINKAGE = 16;

/** A text on one line, with escapes where a terminal would do something else than show the character. */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, escapeOf);
}

/** A JSON text on one line that means the same, and holds no control character. */
export function jsonLine(json: string): string {
  // White space is all that a JSON text has below U+0020.
  return json.replaceAll(/[\t\n\r]+/g, ' ').replaceAll(CONTROLS_IN_JSON, escapeOf);
}

/**
 * A JSON text for people: fractions with four digits, and cut to a width.
 *
 * @param width in characters
 */
export function shortJson(json: string, width: number): string {
  const shown = json.slice(0, width * SHRINKAGE).replaceAll(SHOWN_OTHERWISE, (token) => {
    if (token.startsWith('"')) return token;
    return token === ',' || token === ':' ? `${token} ` : fourDigits(token);
  });
  return cut(printable(shown), width);
}

/** A text cut to a width in UTF-16 units, with `…` at its end if something is missing; no character is cut in half. */
export function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

/** Milliseconds as people read them. */
export function duration(ms: number): string {
  return ms < 1_000 ? `${fourDigits(String(ms))} ms` : `${Number((ms / 1_000).toFixed(1))} s`;
}

function fourDigits(number: string): string {
  return String(Number(Number(number).toPrecision(4)));
}

function escapeOf(character: string): string {
  const short: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
  return short[character] ?? `\\u${(character.codePointAt(0) as number).toString(16).padStart(4, '0')}`;
}
