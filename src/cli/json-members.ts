const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN = [0x5b, 0x7b];
const CLOSE = [0x5d, 0x7d];

/**
 * The members of a JSON object, each as the text that stands there: JSON.parse would round integers beyond 2^53.
 *
 * @param json a text that JSON.parse takes
 * @returns undefined if it is no object
 */
export function jsonMembers(json: string): Map<string, string> | undefined {
  const text = json.trim();
  if (!text.startsWith('{')) return undefined;
  const members = new Map<string, string>();
  let depth = 0;
  let start = 1;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    else if (OPEN.includes(code)) depth += 1;
    else if (CLOSE.includes(code)) depth -= 1;
    const isEnd = depth === 0 || (depth === 1 && code === COMMA);
    if (!isEnd) continue;
    addMember(members, text.slice(start, at));
    start = at + 1;
  }
  return members;
}

function addMember(members: Map<string, string>, text: string): void {
  const member = text.trim();
  // An object without members.
  if (member === '') return;
  const end = endOfString(member, 0) + 1;
  const value = member.slice(member.indexOf(':', end) + 1).trim();
  members.set(JSON.parse(member.slice(0, end)) as string, value);
}

/** The index of the quote that ends the string which begins at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at;
}
