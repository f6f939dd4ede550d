import { Metadata, type StatusObject, status } from '@grpc/grpc-js';
import { errorTable, MillraceError } from '../core/errors.js';
import { errorText } from '../v2/request-error.js';
import { statusProtocol } from './proto-files.js';

const statusType = statusProtocol.lookupType('google.rpc.Status');
const errorInfoType = statusProtocol.lookupType('google.rpc.ErrorInfo');
const retryInfoType = statusProtocol.lookupType('google.rpc.RetryInfo');

/** In bytes. Clients take trailers of 8 kB in all; the message goes in twice, once percent-encoded. */
const LONGEST_MESSAGE = 1_024;
const LONGEST_DETAIL = 256;

/** Whose reasons they are (google.rpc.ErrorInfo). */
const DOMAIN = 'millrace';

/**
 * An error as the status of a call: its message, and in `grpc-status-details-bin` its stable code as an ErrorInfo, and
 * a RetryInfo where it makes sense to come again.
 */
export function statusOf(error: MillraceError, requestId: string): StatusObject {
  const { code } = error;
  const { grpc } = errorTable[code];
  const details = cut(errorText(error), LONGEST_MESSAGE);
  const metadata = new Metadata();
  metadata.set('x-request-id', requestId);
  const anys = [any('ErrorInfo', errorInfoType.encode(errorInfoOf(error, requestId)).finish())];
  const retryMs = retryAfterMs(error);
  if (retryMs !== undefined) {
    const retry_delay = { seconds: Math.floor(retryMs / 1e3), nanos: Math.round((retryMs % 1e3) * 1e6) };
    anys.push(any('RetryInfo', retryInfoType.encode({ retry_delay }).finish()));
  }
  const bytes = statusType.encode({ code: grpc, message: details, details: anys }).finish();
  metadata.set('grpc-status-details-bin', Buffer.from(bytes));
  return { code: grpc, details, metadata };
}

/** The name of a status code, such as `NOT_FOUND`. */
export function statusName(code: number): string {
  return status[code] ?? 'UNKNOWN';
}

/** A status that grpc-js gives by itself, as the error that it means; undefined where it says all there is to say. */
export function errorIn({ code, details }: Pick<StatusObject, 'code' | 'details'>): MillraceError | undefined {
  if (code === status.OK || code === status.UNIMPLEMENTED || code === status.CANCELLED) return undefined;
  if (code === status.DEADLINE_EXCEEDED) {
    return new MillraceError('DEADLINE_EXCEEDED', "The call was not answered within the client's deadline.");
  }
  if (code === status.RESOURCE_EXHAUSTED) return new MillraceError('PAYLOAD_TOO_LARGE', `${details}.`);
  if (/^(Failed to decompress|Invalid grpc-timeout)/.test(details)) {
    return new MillraceError('INVALID_REQUEST', `${details}.`);
  }
  return new MillraceError('INTERNAL', 'Something failed inside the server; its log has the cause.', {
    cause: new Error(details),
  });
}

function errorInfoOf({ code, details }: MillraceError, requestId: string): object {
  const { path, expected, got, didYouMean = [] } = details;
  const said = { path, expected, got, did_you_mean: didYouMean.join(', ') || undefined, request_id: requestId };
  const metadata = Object.entries(said).flatMap(([key, text]) => {
    return text === undefined ? [] : [[key, cut(text, LONGEST_DETAIL)] as const];
  });
  return { reason: code, domain: DOMAIN, metadata: Object.fromEntries(metadata) };
}

/** As over HTTP: what the error says, else a second where the whole server has no room. */
function retryAfterMs({ code, details }: MillraceError): number | undefined {
  const { http, retryable } = errorTable[code];
  return details.retryAfterMs ?? (http === 503 && retryable ? 1_000 : undefined);
}

function any(type: string, value: Uint8Array): object {
  return { type_url: `type.googleapis.com/google.rpc.${type}`, value };
}

/** At most so many bytes of UTF-8, which is all that grpc-js can send: it fails at half a pair of surrogates. */
function cut(text: string, bytes: number): string {
  const all = Buffer.from(text);
  return all.length <= bytes ? all.toString() : `${all.toString('utf8', 0, bytes - 3).replace(/\uFFFD+$/, '')}…`;
}
