import { z } from 'zod';
import { MillraceError } from '../core/errors.js';
import { agreed, type Controls, noControls, readControls } from './request-controls.js';

/** A prediction's URL, as Express reads it. */
export interface PredictUrl {
  readonly params: Readonly<Record<string, string>>;
  /** A text, or a list of those that came under one name. */
  readonly query: Readonly<Record<string, unknown>>;
}

/** A model and its version, under the names that the path has for them. */
export type Named = Readonly<{ name?: string; version?: string }>;

/** What may be said of `raw`. */
export const rawSchema = z.enum(['1', 'true', '0', 'false']);

/**
 * The model and version that the path names, or the query as `model` and `version`.
 *
 * @throws MillraceError INVALID_REQUEST if they name different ones, or the query several
 */
export function namedIn({ params, query }: PredictUrl): Named {
  const name = agreed(params['name'], textIn(query, 'model'), 'query.model');
  const version = agreed(params['version'], textIn(query, 'version'), 'query.version');
  return { ...(name !== undefined && { name }), ...(version !== undefined && { version }) };
}

/**
 * Whether the body is an item as it is, also where its type says JSON or a form.
 *
 * @throws MillraceError INVALID_REQUEST
 */
export function asksForRaw({ query }: PredictUrl): boolean {
  const raw = textIn(query, 'raw');
  if (raw === undefined) return false;
  const { data: said } = rawSchema.safeParse(raw);
  if (said !== undefined) return said === '1' || said === 'true';
  const details = { path: 'query.raw', expected: '1, true, 0 or false', got: raw.slice(0, 128) };
  throw new MillraceError('INVALID_REQUEST', 'Whether the body is an item as it is can be said by 1 or 0.', details);
}

/** @throws MillraceError INVALID_REQUEST */
export function controlsIn({ query }: PredictUrl): Controls {
  if (query['id'] === undefined && query['timeout_ms'] === undefined && query['priority'] === undefined) {
    return noControls;
  }
  const said = ['id', 'timeout_ms', 'priority'].map((name) => [name, textIn(query, name)] as const);
  return readControls(Object.fromEntries(said.filter(([, text]) => text !== undefined)), 'query.');
}

function textIn(query: PredictUrl['query'], name: string): string | undefined {
  const value = query[name];
  if (value === undefined || typeof value === 'string') return value;
  const got = Array.isArray(value) ? `${value.length}` : 'something else';
  const details = { path: `query.${name}`, expected: 'one text', got };
  throw new MillraceError('INVALID_REQUEST', `The query says ${name} more than once.`, details);
}
