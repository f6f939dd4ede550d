import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MillraceError } from '#src/core/errors.js';
import { type Caller, scopes } from '#src/http/access.js';
import { type ApiKey, readKeys } from '#src/http/api-keys.js';
import { KeyAccess } from '#src/http/key-access.js';
import { bearer, keysFile, testKey } from '../support/keys.js';
import { VirtualClock } from '../support/virtual-clock.js';

/** The tenant that is let in, or the error's code and what it says came. */
function outcome(caller: Caller | MillraceError): unknown {
  return caller instanceof MillraceError ? [caller.code, caller.details.got] : (caller.tenant ?? 'a stranger');
}

const clock = new VirtualClock({ wallStartMs: Date.UTC(2027, 0, 30, 23, 59) });
const reader = testKey('reader', { scopes: ['infer', 'metrics'] });
const short = testKey('short', { expires: '2027-01-31' });
let keys: readonly ApiKey[] = readKeys(keysFile(reader, short));
const access = new KeyAccess(() => keys, clock);

describe('KeyAccess', () => {
  it('lets a key into the routes of its scopes, and names the scope that it lacks', () => {
    const outcomes = scopes.map((scope) => outcome(access.admit(bearer(reader), scope)));
    const refusal = ['FORBIDDEN', 'a key with infer, metrics'];
    assert.deepEqual(outcomes, ['reader', refusal, refusal, 'reader', 'a stranger']);
    const error = access.admit(bearer(reader), 'admin');
    assert.ok(error instanceof MillraceError);
    assert.match(error.message, /scope admin/);
    assert.equal(error.details.expected, 'a key with the scope admin');
  });

  it('takes nobody without a key that it knows, but into what is public', () => {
    for (const [headers, got] of [
      [{}, 'neither'],
      [{ authorization: 'Bearer mk_test-other' }, 'a key that is not known'],
      [{ 'x-api-key': reader.entry.sha256 }, 'a key that is not known'],
      [{ ...bearer(reader), 'x-api-key': short.key }, 'two different keys'],
    ] as const) {
      for (const scope of scopes) {
        const expected = scope === 'public' ? 'a stranger' : ['UNAUTHENTICATED', got];
        assert.deepEqual(outcome(access.admit(headers, scope)), expected);
      }
    }
  });

  it('takes a key until it expires', async () => {
    assert.equal(outcome(access.admit(bearer(short), 'infer')), 'short');
    await clock.advance(59_999);
    assert.equal(outcome(access.admit(bearer(short), 'infer')), 'short');
    await clock.advance(1);
    assert.deepEqual(outcome(access.admit(bearer(short), 'infer')), ['UNAUTHENTICATED', 'a key that has expired']);
  });

  it('goes by the keys of the moment', () => {
    const [before, next] = [keys, testKey('next')];
    keys = readKeys(keysFile(next));
    assert.deepEqual(outcome(access.admit(bearer(reader), 'infer')), ['UNAUTHENTICATED', 'a key that is not known']);
    assert.equal(outcome(access.admit(bearer(next), 'infer')), 'next');
    keys = before;
  });
});
