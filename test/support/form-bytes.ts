/** One part of a form, with its headers as they go over the wire. */
export interface WrittenPart {
  readonly headers: readonly string[];
  readonly bytes: Uint8Array | string;
}

export const BOUNDARY = '----form-7MA4YWxkTrZu0gW';

/** The type that says that a body is such a form. */
export const FORM_TYPE = `multipart/form-data; boundary=${BOUNDARY}`;

/** The bytes of a form (RFC 7578), made without looking at how the server reads them. */
export function formBytes(parts: readonly WrittenPart[], boundary = BOUNDARY): Buffer {
  const pieces = parts.flatMap(({ headers, bytes }) => [
    Buffer.from(`--${boundary}\r\n${headers.map((header) => `${header}\r\n`).join('')}\r\n`),
    Buffer.from(bytes),
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]);
}

/** A part without a filename; `type` is its media type, if it says one. */
export function field(name: string, bytes: Uint8Array | string, type?: string): WrittenPart {
  return { headers: [`Content-Disposition: form-data; name="${name}"`, ...typeLine(type)], bytes };
}

/** A part with a filename. */
export function file(name: string, bytes: Uint8Array | string, type?: string): WrittenPart {
  const disposition = `Content-Disposition: form-data; name="${name}"; filename="größe (1).bin"`;
  return { headers: [disposition, ...typeLine(type)], bytes };
}

function typeLine(type: string | undefined): string[] {
  return type === undefined ? [] : [`Content-Type: ${type}`];
}
