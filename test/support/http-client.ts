import { type Agent, type IncomingHttpHeaders, request } from 'node:http';
import { text } from 'node:stream/consumers';

/** One answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
}

/**
 * POSTs JSON to a server that may be another process.
 *
 * @param agent keeps connections alive, if it is to be so
 * @param signal makes the client leave
 */
export function postJson(
  url: string,
  body: object,
  { agent, signal }: { agent?: Agent; signal?: AbortSignal } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const options = { method: 'POST', headers, ...(agent && { agent }), ...(signal && { signal }) };
    const outgoing = request(url, options, (incoming) => {
      const { statusCode = 0, headers: answerHeaders } = incoming;
      text(incoming).then(
        (content) =>
          resolve({ status: statusCode, headers: answerHeaders, body: JSON.parse(content) as Record<string, unknown> }),
        reject,
      );
    });
    outgoing.on('error', reject);
    outgoing.end(JSON.stringify(body));
  });
}
