import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { presentedKey } from '#src/http/presented-key.js';
import { propertyRuns } from '../support/property-runs.js';

const key = 'mk_abc-DEF.0~9/+=';
const bearer = `Bearer ${key}`;
const noOneKey = 'a header that does not hold one key, in ASCII and without spaces';

// Node has taken the spaces around a value away by the time it stands in `headers`.
const forms: Record<string, [headers: IncomingHttpHeaders, expected: { key: string } | { fault: string }]> = {
  'no header': [{}, { fault: 'neither' }],
  'another header': [{ cookie: `key=${key}` }, { fault: 'neither' }],
  'Authorization: Bearer KEY': [{ authorization: bearer }, { key }],
  'the scheme in lower case': [{ authorization: `bearer ${key}` }, { key }],
  'the scheme in upper case': [{ authorization: `BEARER ${key}` }, { key }],
  'several spaces after the scheme': [{ authorization: `Bearer    ${key}` }, { key }],
  'a tab after the scheme': [
    { authorization: `Bearer\t${key}` },
    { fault: 'an Authorization header of another scheme' },
  ],
  'the scheme alone': [{ authorization: 'Bearer' }, { fault: noOneKey }],
  'the key alone': [{ authorization: key }, { fault: 'an Authorization header of another scheme' }],
  'the scheme run into the key': [
    { authorization: `Bearer${key}` },
    { fault: 'an Authorization header of another scheme' },
  ],
  'an empty Authorization': [{ authorization: '' }, { fault: 'an Authorization header of another scheme' }],
  'two keys in one header': [{ authorization: `${bearer} ${key}` }, { fault: noOneKey }],
  'a header that came twice, joined': [{ authorization: `${bearer}, ${bearer}` }, { fault: noOneKey }],
  'parameters instead of a key': [{ authorization: 'Bearer realm="millrace", x="y"' }, { fault: noOneKey }],
  'a key that is not ASCII': [{ authorization: 'Bearer sch\u00fcssel' }, { fault: noOneKey }],
  'a key with a control character': [{ authorization: 'Bearer a\u007f' }, { fault: noOneKey }],
  'X-Api-Key: KEY': [{ 'x-api-key': key }, { key }],
  'an empty X-Api-Key': [{ 'x-api-key': '' }, { fault: noOneKey }],
  'an X-Api-Key with a scheme': [{ 'x-api-key': bearer }, { fault: noOneKey }],
  'an X-Api-Key that came twice, joined': [{ 'x-api-key': `${key}, ${key}` }, { fault: noOneKey }],
  'an X-Api-Key that came twice, as a list': [{ 'x-api-key': [key, 'other'] }, { fault: 'two different keys' }],
  'an X-Api-Key that is not ASCII': [{ 'x-api-key': 'schl\u00fcssel' }, { fault: noOneKey }],
  'both headers with one key': [{ authorization: bearer, 'x-api-key': key }, { key }],
  'both headers with different keys': [
    { authorization: bearer, 'x-api-key': 'other' },
    { fault: 'two different keys' },
  ],
  'both headers, one of them without a key': [{ authorization: 'Bearer', 'x-api-key': key }, { fault: noOneKey }],
  'another scheme beside X-Api-Key': [{ authorization: 'Basic dXNlcjpwdw==', 'x-api-key': key }, { key }],
  'another scheme alone': [
    { authorization: 'Basic dXNlcjpwdw==' },
    { fault: 'an Authorization header of another scheme' },
  ],
};

describe('presentedKey', () => {
  for (const [what, [headers, expected]] of Object.entries(forms)) {
    it(`takes ${what} for what it is`, () => assert.deepEqual(presentedKey(headers), expected));
  }

  it('finds any key, however the scheme is written, and as often as the same one comes', () => {
    const visible = Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index));
    const keys = fc.string({ unit: fc.constantFrom(...visible), minLength: 1 });
    const schemes = fc.mixedCase(fc.constant('bearer'));
    const spaces = fc.integer({ min: 1, max: 5 }).map((count) => ' '.repeat(count));
    const property = fc.property(keys, schemes, spaces, fc.boolean(), (key, scheme, space, both) => {
      const authorization = `${scheme}${space}${key}`;
      assert.deepEqual(presentedKey({ authorization, ...(both && { 'x-api-key': key }) }), { key });
    });
    fc.assert(property, propertyRuns(200));
  });

  it('repeats nothing of what was sent where it finds fault', () => {
    const texts = fc.string({ unit: fc.constantFrom('q', 'ß', ' ', ',', 'Bearer', '\t'), minLength: 1 });
    const property = fc.property(texts, texts, (authorization, apiKey) => {
      const presented = presentedKey({ authorization, 'x-api-key': apiKey });
      if ('fault' in presented) assert.doesNotMatch(presented.fault, /q|ß/);
      else assert.match(presented.key, /^[!-~]+$/);
    });
    fc.assert(property, propertyRuns(200));
  });
});
