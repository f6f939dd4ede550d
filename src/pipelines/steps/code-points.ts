/** The characters of a text by Unicode's count: a surrogate pair is one. */
export function codePointCount(text: string): number {
  let count = text.length;
  for (let at = 0; at < text.length - 1; at += 1) {
    if (isPairAt(text, at)) {
      count -= 1;
      at += 1;
    }
  }
  return count;
}

/** The first `count` characters of a text; a surrogate pair is never cut. */
export function firstCodePoints(text: string, count: number): string {
  let at = 0;
  for (let taken = 0; taken < count && at < text.length; taken += 1) at += isPairAt(text, at) ? 2 : 1;
  return text.slice(0, at);
}

/** Whether a code unit and the next are one character. */
function isPairAt(text: string, at: number): boolean {
  const [first, second] = [text.charCodeAt(at), text.charCodeAt(at + 1)];
  return first >= 0xd800 && first < 0xdc00 && second >= 0xdc00 && second < 0xe000;
}
