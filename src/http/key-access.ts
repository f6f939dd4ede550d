import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from '../core/clock.js';
import { MillraceError } from '../core/errors.js';
import { type Access, type Caller, type Scope, stranger } from './access.js';
import { type ApiKey, findKey } from './api-keys.js';
import { presentedKey } from './presented-key.js';

/** Lets in who brings a key that is known, has not expired, and has the scope of the route. */
export class KeyAccess implements Access {
  readonly isOpen = false;
  readonly #keys: () => readonly ApiKey[];
  readonly #clock: Clock;

  /** @param keys those of this moment: their file may change while the server runs */
  constructor(keys: () => readonly ApiKey[], clock: Clock) {
    this.#keys = keys;
    this.#clock = clock;
  }

  admit(headers: IncomingHttpHeaders, scope: Scope): Caller | MillraceError {
    if (scope === 'public') return stranger;
    const presented = presentedKey(headers);
    if ('fault' in presented) return unauthenticated('This path needs a key.', presented.fault);
    const key = findKey(this.#keys(), presented.key);
    if (key === undefined) return unauthenticated('The key is not known here.', 'a key that is not known');
    if (key.expiresAt <= this.#clock.wallTime()) {
      return unauthenticated('The key has expired.', 'a key that has expired');
    }
    return key.scopes.has(scope) ? key : forbidden(key, scope);
  }
}

function unauthenticated(message: string, got: string): MillraceError {
  const expected = 'Authorization: Bearer KEY, or X-Api-Key: KEY';
  return new MillraceError('UNAUTHENTICATED', message, { path: 'headers.authorization', expected, got });
}

function forbidden({ scopes }: ApiKey, scope: Scope): MillraceError {
  return new MillraceError('FORBIDDEN', `The key does not have the scope ${scope}.`, {
    path: 'headers.authorization',
    expected: `a key with the scope ${scope}`,
    got: `a key with ${[...scopes].join(', ')}`,
  });
}
