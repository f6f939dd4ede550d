import { type ErrorCode, MillraceError } from '../core/errors.js';

/** Codes that Triton has a text for, which clients and dashboards look for. */
const wellKnown: Readonly<Partial<Record<ErrorCode, string>>> = {
  QUEUE_FULL: 'Exceeds maximum queue size',
  DEADLINE_EXCEEDED: 'Request timeout expired',
  SHUTTING_DOWN: 'Server is stopping, scheduler for model has stopped accepting new inference requests',
};

/** An error for which the protocol has words of its own: its text says all, so that it has no details. */
export function requestError(message: string): MillraceError {
  return new MillraceError('INVALID_INPUT', message);
}

/** All that an error says, in one text: the protocol has no other place for it. */
export function errorText({ code, message, details }: MillraceError): string {
  const { path, expected, got } = details;
  const parts = [
    ...(path === undefined ? [] : [path]),
    ...(expected === undefined ? [] : [`expected ${expected}`]),
    ...(got === undefined ? [] : [`got ${got}`]),
  ];
  const known = wellKnown[code];
  const text = parts.length === 0 ? message : `${message} (${parts.join('; ')})`;
  return known === undefined ? text : `${known}: ${text}`;
}
