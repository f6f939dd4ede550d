import type { Response } from 'express';
import { routingKeyOf } from '../../../core/routing-key.js';
import type { UnreadRequest } from '../../../v2/model-io.js';
import { v2InferenceOperations } from '../../openapi/v2-inference-operations.js';
import { timeLimitsFrom } from '../../predict-envelope.js';
import { type Exchange, type Route, sendParts, sendText } from '../../route.js';
import { AnswerCompressor, codingFor } from '../answer-coding.js';
import { type EncodedAnswer, encodeAnswer } from '../infer-answer.js';
import { type InferBody, InferBodyReader } from '../infer-body.js';
import { type NamedModel, readInferRequest, type SentRequest } from '../infer-envelope.js';
import { readRawRequest } from '../raw-request.js';
import type { V2Services } from '../v2-services.js';

/** POST /v2/models/{model}[/versions/{version}]/infer. */
export function inferRoutes(services: V2Services): Route[] {
  const bodies = new InferBodyReader(services);
  const compressor = new AnswerCompressor();
  const handle: Route['handle'] = async (exchange) => {
    const { request, response, context } = exchange;
    const body = await bodies.read(request);
    // The client may have left while its body was inflated.
    if (context.error !== undefined) throw context.error;
    const answer = await infer(body, exchange, services);
    // The client has left, or the answer was begun by somebody who ends the connection.
    if (!response.destroyed) await send(answer, { response, compressor, accept: request.headers['accept-encoding'] });
  };
  return Object.values(v2InferenceOperations).map((operation) => ({ ...operation, handle }));
}

/** Reads a request and submits its job, at once if its model is loaded; what is not needed for the answer is let go of here. */
function infer(body: InferBody, { request, context }: Exchange, { inference }: V2Services): Promise<EncodedAnswer> {
  const { name, version } = request.params as { name: string; version?: string };
  const sent = readRequest(body, { model: name, version });
  const { isBinary } = sent;
  const { tenant, receivedAt } = context;
  const routingKey = routingKeyOf(request.headers['x-routing-key'], tenant);
  const timeLimits = timeLimitsFrom(request.headers);
  const encode = (answer: Parameters<typeof encodeAnswer>[0]) => encodeAnswer(answer, isBinary);
  const { result, cancel } = inference.infer(sent.request, { tenant, routingKey, receivedAt, timeLimits, encode });
  context.onGone = cancel;
  return result;
}

/** A request that can be read, now or once its model is known. */
interface AskedRequest extends Pick<SentRequest, 'isBinary'> {
  readonly request: SentRequest['request'] | UnreadRequest;
}

function readRequest({ body, jsonBytes = body.length }: InferBody, named: NamedModel): AskedRequest {
  // A request that says nothing of its JSON part is JSON, also an empty one.
  if (jsonBytes > 0 || body.length === 0) return readInferRequest(body, jsonBytes, named);
  const read: UnreadRequest['read'] = (io) => readRawRequest(body, io, named);
  // All outputs come in the form in which the input came.
  return { request: { ...named, parameters: {}, bytes: body.length, read }, isBinary: () => true };
}

interface SendOptions {
  readonly response: Response;
  readonly compressor: AnswerCompressor;
  /** What the client can inflate. */
  readonly accept: string | string[] | undefined;
}

async function send(
  { json, blobs, isBinary }: EncodedAnswer,
  { response, compressor, accept }: SendOptions,
): Promise<void> {
  const coding = codingFor(accept);
  if (!isBinary && coding === undefined) {
    sendText(response, 200, json);
    return;
  }
  const head = Buffer.from(json);
  const type = isBinary ? 'application/octet-stream' : 'application/json';
  const headers: Record<string, string> = isBinary ? { 'Inference-Header-Content-Length': String(head.length) } : {};
  const parts = [head, ...blobs];
  const compressed = coding && (await compressor.compress(parts, coding));
  if (response.destroyed) return;
  if (coding === undefined || compressed === undefined) sendParts(response, parts, { type, headers });
  else sendParts(response, [compressed], { type, headers: { ...headers, 'Content-Encoding': coding } });
}
