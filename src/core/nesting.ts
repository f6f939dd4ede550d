/** Deeper documents are refused before any parser sees them: parsers recurse, and what they return is walked again. */
export const MAX_NESTING = 64;

const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Documents with more arrays and objects than this are refused: an empty one takes two bytes of text and a hundred of memory. */
export const MAX_CONTAINERS = 200_000;

/**
 * Tells whether a JSON text nests deeper than `limit`, from its bytes alone. Texts with fewer brackets than that,
 * nearly all, are found out by native searches for the bracket characters.
 */
export function nestsDeeperThan(json: Buffer, limit = MAX_NESTING): boolean {
  return opened(json, limit) > limit && scan(json, { depth: limit, containers: Number.POSITIVE_INFINITY });
}

/** Tells whether a JSON text holds more arrays and objects than `limit`, from its bytes alone. */
export function holdsMoreThan(json: Buffer, limit = MAX_CONTAINERS): boolean {
  return opened(json, limit) > limit && scan(json, { depth: Number.POSITIVE_INFINITY, containers: limit });
}

/** Opening brackets, also those in strings, counted a little beyond `limit` at most. */
function opened(json: Buffer, limit: number): number {
  return countUpTo(json, OPEN_BRACKET, limit) + countUpTo(json, OPEN_BRACE, limit);
}

function countUpTo(bytes: Buffer, value: number, limit: number): number {
  let count = 0;
  for (let at = bytes.indexOf(value); at !== -1 && count <= limit; at = bytes.indexOf(value, at + 1)) count += 1;
  return count;
}

/** Whether the text goes beyond a limit, strings left out. */
function scan(json: Buffer, limits: { depth: number; containers: number }): boolean {
  let depth = 0;
  let containers = 0;
  let inString = false;
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at];
    if (inString) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) {
      inString = true;
    } else if (byte === OPEN_BRACKET || byte === OPEN_BRACE) {
      depth += 1;
      containers += 1;
      if (depth > limits.depth || containers > limits.containers) return true;
    } else if (byte === CLOSE_BRACKET || byte === CLOSE_BRACE) {
      depth -= 1;
    }
  }
  return false;
}
