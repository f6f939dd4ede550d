import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { jsonMembers } from '#src/cli/json-members.js';
import { propertyRuns } from '../support/property-runs.js';

describe('jsonMembers', () => {
  it('gives each member as it stands there', () => {
    const json = '\n{ "id": "a\\"}b", "output" : {"y": [9007199254740993, -0, 1.0]}, "n":null }';
    assert.deepEqual(Object.fromEntries(jsonMembers(json) ?? []), {
      id: '"a\\"}b"',
      output: '{"y": [9007199254740993, -0, 1.0]}',
      n: 'null',
    });
  });

  it('knows an object from other JSON', () => {
    assert.deepEqual([...(jsonMembers('{ }') ?? [])], []);
    for (const json of ['[{}]', '"{}"', '1', 'null']) assert.equal(jsonMembers(json), undefined);
  });

  it('gives what JSON.parse gives', () => {
    const spaced = fc.tuple(fc.object({ withNullPrototype: false }), fc.constantFrom(undefined, 1, '\t'));
    fc.assert(
      fc.property(spaced, ([object, indent]) => {
        const json = JSON.stringify(object, undefined, indent);
        const members = [...(jsonMembers(json) ?? [])].map(([name, text]) => [name, JSON.parse(text)]);
        assert.deepEqual(members, Object.entries(JSON.parse(json)));
      }),
      propertyRuns(500),
    );
  });
});
