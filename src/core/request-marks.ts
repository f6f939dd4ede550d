/*
 * What a client may send along to find its request again: an id of its own, and its trace. Both go into logs, so
 * only what is fit for that is taken.
 */

const REQUEST_ID = /^[\w.:+/=@-]{1,128}$/;
/** W3C Trace Context, level 1: version 00, neither id all zeros. */
const TRACEPARENT = /^00-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}$/;

/** The value of `x-request-id`, if it is fit to be logged. */
export function requestIdIn(sent: unknown): string | undefined {
  return typeof sent === 'string' && REQUEST_ID.test(sent) ? sent : undefined;
}

/** The value of `traceparent`, if it is valid. */
export function traceparentIn(sent: unknown): string | undefined {
  return typeof sent === 'string' && TRACEPARENT.test(sent) ? sent : undefined;
}
