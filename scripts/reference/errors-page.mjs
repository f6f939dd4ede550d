// docs/errors.md: every error by its code, and how one looks on the wire.
import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import { errorTable } from '#src/core/errors.js';
import { ItemDecoder } from '#src/http/item-decoder.js';
import { PROBLEM_TYPE, problemOf, problemSchema } from '#src/http/problem.js';
import { block, code, page, table } from './markdown.mjs';

export function errorsPage() {
  return page('Errors', introduction(), members(), headers, codes());
}

/** A wrong request to the bundled model, and the answer: made by the code that would answer it. */
function introduction() {
  const input = [45.5, 17, 196, '3500'];
  const { status, ...rest } = problemOf(refusalOf(input), '5c0f1e9b7a42-3');
  return `
Every error has a code that stays what it is; programs go by the code, and the texts are for people. The answer is a
problem document ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)). Here the last number came as text (the answer
itself is on one line):

${block('sh', `curl -i http://127.0.0.1:8000/predict -H 'content-type: application/json' \\\n  -d '${JSON.stringify({ model: 'penguins.tensors', input })}'`)}

${block('http', `HTTP/1.1 ${status} ${STATUS_CODES[status]}\nContent-Type: ${PROBLEM_TYPE}\nX-Request-Id: ${rest.request_id}`)}

${block('json', JSON.stringify(problemOf(refusalOf(input), rest.request_id), undefined, 2))}

In a request with \`inputs\` each item succeeds or fails by itself: the answer is 200, and an item that failed has such a
document under \`error\` where the others have their \`output\`.`;
}

/** The error for an input that does not fit `penguins.tensors`, which takes rows of four numbers. */
function refusalOf(input) {
  const features = { name: 'features', datatype: 'FP32', shape: [{ symbol: 'N' }, 4] };
  const decoder = new ItemDecoder({ inputs: [features], outputs: [] }, { inputs: { features: 0 }, outputs: {} });
  try {
    decoder.decode(input, 'input');
  } catch (error) {
    return error;
  }
  throw new Error('the input of the example fits the model');
}

function members() {
  const { properties, required } = z.toJSONSchema(problemSchema);
  const rows = Object.entries(properties).map(([name, { description }]) => {
    return [code(name), required.includes(name) ? 'yes' : '', description];
  });
  return `## What is in it\n\n${table(['Member', 'Always', 'Meaning'], rows)}`;
}

const headers = `
## Headers

- \`X-Request-Id\` comes with every answer to what could be read as a request, and so does \`traceparent\` if the client
  sent a valid one.
- \`Retry-After\`, in seconds, comes with every 503 and with \`QUEUE_FULL\`; for the latter it is reckoned from how fast
  the queue empties.
- \`Allow\` comes with \`METHOD_NOT_ALLOWED\` and names the methods that the path takes.
- \`Accept-Encoding\` comes with \`UNSUPPORTED_MEDIA_TYPE\` where a body is compressed in a way that is not taken, and
  names those that are.
- \`WWW-Authenticate\` comes with \`UNAUTHENTICATED\` and says how a key is sent.`;

const grpcNames = {
  1: 'CANCELLED',
  3: 'INVALID_ARGUMENT',
  4: 'DEADLINE_EXCEEDED',
  5: 'NOT_FOUND',
  6: 'ALREADY_EXISTS',
  7: 'PERMISSION_DENIED',
  8: 'RESOURCE_EXHAUSTED',
  9: 'FAILED_PRECONDITION',
  12: 'UNIMPLEMENTED',
  13: 'INTERNAL',
  14: 'UNAVAILABLE',
  16: 'UNAUTHENTICATED',
};

/** @throws Error if a gRPC status has no name here */
function codes() {
  const rows = Object.entries(errorTable).map(([name, { title, http, v2, grpc, retryable }]) => {
    if (grpcNames[grpc] === undefined) throw new Error(`${name}: gRPC status ${grpc} needs its name`);
    return [code(name), http, v2, `${grpc} ${grpcNames[grpc]}`, retryable ? 'yes' : 'no', title];
  });
  return `
## The codes

HTTP is the status in the native API. V2 and gRPC are the statuses that stand for the same error in the
[Open Inference Protocol](protocols.md), over REST and over gRPC.
\`CLIENT_CLOSED_REQUEST\` is seen in logs and metrics alone: there is nobody left to answer.

${table(['Code', 'HTTP', 'V2', 'gRPC', 'Retryable', 'Meaning'], rows)}`;
}
