import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChildProcessProviderProbe } from '#src/runtime/provider-probe.js';

/** The child processes that a function starts before it returns. */
function startedBy(run: () => void): number {
  const children = () => process.getActiveResourcesInfo().filter((resource) => resource === 'ProcessWrap').length;
  const before = children();
  run();
  return children() - before;
}

const cudaWorks = (await new ChildProcessProviderProbe().availability('cuda', false)).available;

describe('ChildProcessProviderProbe', () => {
  it('has the CPU, and asks nobody for it', async () => {
    const probe = new ChildProcessProviderProbe();
    const started = startedBy(() => void probe.availability('cpu', false));
    assert.deepEqual([started, await probe.availability('cpu', false)], [0, { available: true }]);
  });

  it('tries a provider that was asked for by name, once, and gives a reason free of paths', {
    skip: cudaWorks,
  }, async () => {
    const probe = new ChildProcessProviderProbe();
    const started = startedBy(() => {
      void probe.availability('cuda', false);
      void probe.availability('cuda', false);
    });
    const [first, second] = [await probe.availability('cuda', false), await probe.availability('cuda', false)];
    assert.equal(started, 1);
    assert.ok(!first.available);
    assert.equal(second, first);
    assert.match(first.reason, /librar/i);
    assert.doesNotMatch(first.reason, /node_modules|\/\w+\//);
  });

  it('gives the cause alone, without when and where in its source the runtime wrote it down', {
    skip: cudaWorks,
  }, async () => {
    const answer = await new ChildProcessProviderProbe().availability('cuda', false);
    assert.ok(!answer.available);
    assert.doesNotMatch(answer.reason, /\d\d:\d\d:\d\d|\.cc:\d+/);
  });

  it('starts nothing for a provider that nobody named and whose library is not there', {
    skip: cudaWorks,
  }, async () => {
    const probe = new ChildProcessProviderProbe();
    const started = startedBy(() => void probe.availability('cuda', true));
    assert.equal(started, 0);
    const expected = { available: false, reason: 'its library is not installed' };
    assert.deepEqual(await probe.availability('cuda', true), expected);
  });

  it('takes a provider that is no part of this build for one that is not there', async () => {
    const foreign = process.platform === 'darwin' ? 'dml' : 'coreml';
    const answer = await new ChildProcessProviderProbe().availability(foreign, false);
    assert.ok(!answer.available);
    assert.notEqual(answer.reason, '');
  });
});
