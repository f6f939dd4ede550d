import type { Request, Response } from 'express';
import { z } from 'zod';
import { errorTable, type MillraceError } from '../../core/errors.js';
import { errorText } from '../../v2/request-error.js';
import { problemHeaders } from '../problem.js';
import { sendText } from '../route.js';

/** An error as clients of the protocol get it. */
export const v2ErrorSchema = z.object({ error: z.string().describe('What is wrong, where, and what was expected') });

type V2Error = z.output<typeof v2ErrorSchema>;

/** Puts an error into the protocol's form. */
export function v2ErrorOf(error: MillraceError): V2Error {
  return { error: errorText(error) };
}

/** Whether a request speaks the Open Inference Protocol, also where nothing is at its path. */
export function isV2({ path }: Request): boolean {
  return path === '/v2' || path.startsWith('/v2/');
}

/** Answers with an error in the protocol's form, and its status in the protocol. */
export function sendV2Error(response: Response, error: MillraceError): void {
  const body = JSON.stringify(v2ErrorOf(error));
  const status = errorTable[error.code].v2;
  sendText(response, status, body, { headers: problemHeaders(error, status) });
}
