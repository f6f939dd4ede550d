import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { groupTimes } from '../../bench/profile-groups.js';

/** A node of a profile, with the ids of those that it calls. */
function node(id: number, [functionName, url]: readonly [string, string], children: number[] = []) {
  return { id, callFrame: { functionName, url, scriptId: '0', lineNumber: 0, columnNumber: 0 }, children };
}

const jobs = 'file:///somewhere/dist/jobs/job-queue.js';
const queue = 'file:///somewhere/node_modules/p-queue/dist/index.js';
const http = 'node:_http_server';

describe('the groups of a profile', () => {
  it('are sums of self time, the dearest first, without what was no work', () => {
    const nodes = [
      node(1, ['(root)', ''], [2, 3, 4, 5]),
      node(2, ['(idle)', '']),
      node(3, ['(garbage collector)', '']),
      node(4, ['add', jobs], [6]),
      node(5, ['resOnFinish', http]),
      node(6, ['run', queue]),
    ];
    const samples = [2, 3, 4, 6, 6, 5];
    const timeDeltas = [1_000, 200, 40, 50, 60, 100];
    assert.deepEqual(
      groupTimes({ nodes, startTime: 0, endTime: 1_450, samples, timeDeltas }).map(({ group, microseconds }) => [
        group,
        microseconds,
      ]),
      [
        ['garbage collector', 200],
        ['jobs and p-queue', 150],
        ["Node's HTTP, net, streams", 100],
      ],
    );
  });

  it('count what belongs to nobody for its caller, also through several calls', () => {
    const nodes = [
      node(1, ['(root)', ''], [2, 5]),
      node(2, ['add', jobs], [3]),
      node(3, ['sort', ''], [4]),
      node(4, ['', 'node:internal/util'], [6]),
      node(5, ['main', 'file:///somewhere/else.js']),
      node(6, ['writev', '']),
    ];
    const profile = { nodes, startTime: 0, endTime: 100, samples: [3, 4, 5, 6], timeDeltas: [10, 20, 3, 1] };
    assert.deepEqual(
      groupTimes(profile).map(({ group, functions }) => [group, functions]),
      [
        [
          'jobs and p-queue',
          [
            { name: '(anonymous) util', microseconds: 20 },
            { name: 'sort', microseconds: 10 },
          ],
        ],
        ['other', [{ name: 'main else.js', microseconds: 3 }]],
        ['socket write: native', [{ name: 'writev', microseconds: 1 }]],
      ],
    );
  });
});
