/** A header's value with its parameters, such as `text/plain; charset=utf-8`. */
export interface HeaderValue {
  /** What stands before the first semicolon, lower-case. */
  readonly value: string;
  /** By name in lower case; the values are without their quotes. */
  readonly parameters: ReadonlyMap<string, string>;
}

const VALUE = /^[ \t]*([!#$%&'*+.^_`|~\w-]+(?:\/[!#$%&'*+.^_`|~\w-]+)?)[ \t]*/;
/** Values without quotes may hold what belongs into quotes: `boundary=a=b` is seen in the wild. */
const PARAMETER = /;[ \t]*(?:([!#$%&'*+.^_`|~\w-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))[ \t]*)?/y;

/**
 * Reads a media type or a content disposition (RFC 9110, sections 5.6.6 and 8.3.1; RFC 2183).
 *
 * @returns undefined if the text is neither, or says a parameter twice
 */
export function readHeaderValue(text: string): HeaderValue | undefined {
  const start = VALUE.exec(text);
  if (start === null) return undefined;
  const [whole, value] = start as unknown as [string, string];
  const parameters = new Map<string, string>();
  let at = whole.length;
  while (at < text.length) {
    PARAMETER.lastIndex = at;
    const [parameter, name, quoted, plain] = PARAMETER.exec(text) ?? [];
    if (parameter === undefined) return undefined;
    at += parameter.length;
    if (name === undefined) continue;
    const key = name.toLowerCase();
    if (parameters.has(key)) return undefined;
    parameters.set(key, quoted?.replaceAll(/\\(.)/g, '$1') ?? plain ?? '');
  }
  return { value: value.toLowerCase(), parameters };
}

/** The same for media types alone: `text/plain` is one, `text` is none. */
export function readMediaType(text: string): HeaderValue | undefined {
  const type = readHeaderValue(text);
  return type?.value.includes('/') ? type : undefined;
}

/** Whether a media type is JSON, or a format that is written in it. */
export function isJsonType({ value }: HeaderValue): boolean {
  return value === 'application/json' || /^[^/]+\/.+\+json$/.test(value);
}

/** Whether a text of this type is UTF-8: it is unless it says another charset. */
export function isUtf8Type({ parameters }: HeaderValue): boolean {
  return /^(?:utf-?8|us-ascii)$/i.test(parameters.get('charset') ?? 'utf-8');
}
