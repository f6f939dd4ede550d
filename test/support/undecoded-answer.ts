import { type IncomingHttpHeaders, request } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** One answer with its body as it came, also where that is compressed. */
export interface UndecodedAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** POSTs a text; nothing of the answer is decoded. */
export function postUndecoded(url: string, body: string, headers: Record<string, string>): Promise<UndecodedAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method: 'POST', headers }, (incoming) => {
      const { statusCode: status = 0, headers: answerHeaders } = incoming;
      buffer(incoming).then((content) => resolve({ status, headers: answerHeaders, body: content }), reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
