/*
 * Where a text stops being JSON. JSON.parse does not say it in all versions of Node and for all faults, and people
 * look for a line and a column.
 */

/** The place of a fault, in UTF-16 units from 0, and what the grammar (RFC 8259) takes there. */
export interface JsonFault {
  readonly at: number;
  readonly expected: string;
}

/** What may come next; each is at the same time how it is called. */
type Wanted =
  | 'a value'
  | 'a value or ]'
  | 'a name in quotes'
  | 'a name in quotes or }'
  | 'a colon'
  | 'a comma or ]'
  | 'a comma or }'
  | 'the end';

/** Unrolled, so that long strings take no stack. */
const STRING_BODY = String.raw`"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[\da-fA-F]{4})[^"\\\u0000-\u001f]*)*`;
const TOKEN = new RegExp(
  String.raw`(?<text>${STRING_BODY}")|(?<scalar>-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)|[[\]{}:,]`,
  'y',
);
const UNENDED = new RegExp(STRING_BODY, 'y');
const SPACE = /[\t\n\r ]*/y;

/** Finds the first character that no JSON text could have there; undefined if the text is JSON. */
export function jsonFault(json: string): JsonFault | undefined {
  const open: ('[' | '{')[] = [];
  let wanted: Wanted = 'a value';
  let at = 0;
  for (;;) {
    at += match(SPACE, json, at)?.[0].length ?? 0;
    if (at === json.length) return wanted === 'the end' ? undefined : { at, expected: wanted };
    const token = match(TOKEN, json, at);
    const next: Wanted | undefined = token && following(wanted, token, open);
    if (token === undefined || next === undefined) return faultAt(json, at, wanted);
    wanted = next;
    at += token[0].length;
  }
}

/** A place as editors count it: `line 3, column 7`, both from 1. */
export function lineAndColumn(text: string, at: number): string {
  const lines = text.slice(0, at).split('\n');
  return `line ${lines.length}, column ${(lines.at(-1) as string).length + 1}`;
}

/** What is wanted after a token; undefined if it may not stand here. Keeps `open`, the brackets that wait for their end. */
function following(wanted: Wanted, { 0: token, groups }: RegExpExecArray, open: ('[' | '{')[]): Wanted | undefined {
  const ended = (): Wanted => {
    const around = open.at(-1);
    if (around === undefined) return 'the end';
    return around === '[' ? 'a comma or ]' : 'a comma or }';
  };
  const closed = (): Wanted => {
    open.pop();
    return ended();
  };
  switch (wanted) {
    case 'a value':
    case 'a value or ]':
      if (token === ']' && wanted === 'a value or ]') return closed();
      if (groups?.['text'] !== undefined || groups?.['scalar'] !== undefined) return ended();
      if (token !== '[' && token !== '{') return undefined;
      open.push(token);
      return token === '[' ? 'a value or ]' : 'a name in quotes or }';
    case 'a name in quotes':
    case 'a name in quotes or }':
      if (token === '}' && wanted === 'a name in quotes or }') return closed();
      return groups?.['text'] === undefined ? undefined : 'a colon';
    case 'a colon':
      return token === ':' ? 'a value' : undefined;
    case 'a comma or ]':
      if (token === ']') return closed();
      return token === ',' ? 'a value' : undefined;
    case 'a comma or }':
      if (token === '}') return closed();
      return token === ',' ? 'a name in quotes' : undefined;
    case 'the end':
      return undefined;
  }
}

/** In a string that would be in its place, the fault lies where the string goes wrong. */
function faultAt(json: string, at: number, wanted: Wanted): JsonFault {
  const isText = json[at] === '"' && (wanted.startsWith('a value') || wanted.startsWith('a name'));
  if (!isText || match(TOKEN, json, at) !== undefined) return { at, expected: wanted };
  const stop = at + (match(UNENDED, json, at)?.[0].length ?? 0);
  const expected = stop === json.length ? 'the quote that ends the string' : 'a character that a string may hold';
  return { at: stop, expected };
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}
