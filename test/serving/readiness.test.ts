import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { ServingContext } from '#src/serving/open-model.js';
import { FakeBackend } from '../support/fake-backend.js';
import { affine } from '../support/fixture-models.js';
import type { FolderContents } from '../support/model-folder.js';
import { openFolder } from '../support/served-folder.js';
import { VirtualClock } from '../support/virtual-clock.js';

/** Models by name on a fake backend, whose names say how they fare: `bad…` fails, `late…` takes 5 s, `never…` for ever. */
async function folder(t: TestContext, ...options: readonly (string | Partial<ServingContext>)[]) {
  const names = options.filter((option) => typeof option === 'string');
  const context = Object.assign(
    {},
    ...options.filter((option) => typeof option !== 'string'),
  ) as Partial<ServingContext>;
  const [backend, clock] = [new FakeBackend(), new VirtualClock()];
  backend.onStart = ({ name }) => {
    if (name.startsWith('bad')) return Promise.reject(new Error('no such operator'));
    if (name.startsWith('late')) return new Promise((resolve) => void clock.after(5_000, resolve));
    return name.startsWith('never') ? new Promise(() => undefined) : Promise.resolve();
  };
  const files: FolderContents = Object.fromEntries(names.map((name) => [`${name}.onnx`, affine()]));
  const { manager, stop } = await openFolder(files, { backend, clock, ...context });
  t.after(stop);
  /** Settles when all have loaded: one after the other, in turns of their own. */
  const load = async () => {
    const loading = manager.loadAll();
    await clock.settle();
    await loading;
  };
  return { manager, backend, clock, load };
}

describe('ModelManager.ready', () => {
  it('waits for every model to leave its first LOADING', async (t) => {
    const { manager, clock } = await folder(t, 'good', 'late');
    void manager.loadAll();
    await clock.advance(4_999);
    assert.deepEqual([manager.resolve('good', undefined).model.state, manager.ready], ['READY', false]);
    await clock.advance(1);
    assert.equal(manager.ready, true);
  });

  it('does not need every model to be READY, but one', async (t) => {
    const some = await folder(t, 'bad', 'good');
    await some.load();
    assert.equal(some.manager.ready, true);
    const none = await folder(t, 'bad', 'bad2');
    await none.load();
    assert.equal(none.manager.ready, false);
  });

  it('needs no model where there is none', async (t) => {
    const { manager, load } = await folder(t);
    assert.equal(manager.ready, false);
    await load();
    assert.equal(manager.ready, true);
  });

  it('stays as it is when a model fails later', async (t) => {
    const { manager, backend, clock, load } = await folder(t, 'good');
    await load();
    backend.onStart = () => Promise.reject(new Error('the file is gone'));
    backend.last.crash('its heap was full');
    await clock.advance(10_000);
    assert.equal(manager.served[0]?.state, 'UNAVAILABLE');
    assert.equal(manager.ready, true);
  });

  it('comes although some models never answer, once the time for them is over', async (t) => {
    const { manager, clock } = await folder(t, 'good', 'never1', 'never2', 'never3');
    void manager.loadAll();
    await clock.advance(10 * 60_000);
    assert.deepEqual(
      manager.served.map(({ ref, state }) => `${ref.model} ${state}`),
      ['good READY', 'never1 UNAVAILABLE', 'never2 UNAVAILABLE', 'never3 UNAVAILABLE'],
    );
    assert.equal(manager.ready, true);
  });

  it('needs none to be loaded that loads on request, or when it is told to', async (t) => {
    for (const modelControl of ['none', 'explicit', 'watch'] as const) {
      const { manager, load, backend } = await folder(t, { modelControl, loadAtStart: 'none' }, 'good', 'bad');
      await load();
      assert.deepEqual([manager.ready, backend.specs.length], [true, 0]);
    }
  });

  it('loads good models behind bad ones', async (t) => {
    const { manager, load } = await folder(t, 'bad1', 'bad2', 'bad3', 'good');
    await load();
    assert.equal(manager.resolve('good', undefined).model.state, 'READY');
  });
});
