import type { Millrace } from '#src/server.js';

/** An answer of the Open Inference Protocol, its JSON and what stands behind it apart. */
export interface V2Reply {
  readonly status: number;
  readonly headers: Headers;
  /** The JSON part as it came. */
  readonly text: string;
  readonly json: V2Document;
  /** The bytes behind the JSON part. */
  readonly tail: Buffer;
}

export interface V2Document {
  readonly error?: string;
  readonly id?: string;
  readonly outputs?: readonly V2Output[];
  readonly [member: string]: unknown;
}

export interface V2Output {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data?: readonly unknown[];
  readonly parameters?: { readonly binary_data_size?: number };
}

export interface V2Request {
  readonly method?: string;
  readonly body?: object | string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends a request as it is; an object goes as JSON. Answers are not compressed unless a header asks for it. */
export async function askV2(
  { url }: Pick<Millrace, 'url'>,
  path: string,
  { body, method = body === undefined ? 'GET' : 'POST', headers = {} }: V2Request = {},
): Promise<V2Reply> {
  const sent = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
  const answer = await fetch(url + path, {
    method,
    headers: { 'accept-encoding': 'identity', ...headers },
    ...(sent === undefined ? {} : { body: sent }),
  });
  const bytes = Buffer.from(await answer.arrayBuffer());
  const jsonBytes = Number(answer.headers.get('inference-header-content-length') ?? bytes.length);
  const text = bytes.toString('utf8', 0, jsonBytes);
  const json = (text === '' ? {} : JSON.parse(text)) as V2Document;
  return { status: answer.status, headers: answer.headers, text, json, tail: bytes.subarray(jsonBytes) };
}

/** A request with bytes behind its JSON. */
export function withTail(
  document: object,
  ...blobs: readonly Uint8Array[]
): Required<Pick<V2Request, 'body' | 'headers'>> {
  const json = Buffer.from(JSON.stringify(document));
  return {
    body: Buffer.concat([json, ...blobs]),
    headers: { 'inference-header-content-length': String(json.length) },
  };
}

/** Elements as the binary form holds those of BYTES. */
export function byteElements(...elements: readonly (string | Uint8Array)[]): Buffer {
  return Buffer.concat(
    elements.flatMap((element) => {
      const bytes = Buffer.from(element as string);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      return [length, bytes];
    }),
  );
}
