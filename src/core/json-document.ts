import { isUtf8 } from 'node:buffer';
import { MillraceError, reasonOf } from './errors.js';
import { holdsMoreThan, MAX_CONTAINERS, MAX_NESTING, nestsDeeperThan } from './nesting.js';

/**
 * Parses a JSON body; its nesting and its UTF-8 are checked on the bytes, before the parser runs.
 *
 * @param path how errors call it
 * @throws MillraceError INVALID_JSON
 */
export function parseJson(body: Buffer, path = 'body'): unknown {
  const invalidJson = (message: string, expected: string, got: string) => {
    return new MillraceError('INVALID_JSON', message, { path, expected, got });
  };
  if (body.length === 0) throw invalidJson('The body is empty.', 'a JSON document', 'nothing');
  if (!isUtf8(body)) throw invalidJson('The body is not UTF-8.', 'valid UTF-8', 'other bytes');
  if (nestsDeeperThan(body)) throw invalidJson('The body nests too deep.', `at most ${MAX_NESTING} levels`, 'more');
  if (holdsMoreThan(body)) {
    throw invalidJson('The body holds too many arrays and objects.', `at most ${MAX_CONTAINERS}`, 'more');
  }
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch (error) {
    throw invalidJson('The body is not JSON.', 'a JSON document', reasonOf(error));
  }
}
