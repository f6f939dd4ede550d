import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type ProviderChoice,
  type ProviderName,
  type ProviderProbe,
  resolveProviders,
} from '#src/runtime/execution-providers.js';

/** A machine that has these providers, and a record of what was asked of it. */
class FakeMachine implements ProviderProbe {
  readonly asked: [ProviderName, boolean][] = [];
  readonly #has: readonly ProviderName[];

  constructor(...has: ProviderName[]) {
    this.#has = has;
  }

  async availability(name: ProviderName, quietly: boolean) {
    this.asked.push([name, quietly]);
    return this.#has.includes(name) ? ({ available: true } as const) : { available: false, reason: `no ${name} here` };
  }
}

const named = (...names: ProviderName[]): ProviderChoice[] => names.map((name) => ({ name, options: {} }));

describe('resolveProviders', () => {
  it('takes CUDA before the CPU where it is there, and the CPU alone where not, unless told otherwise', async () => {
    const withGpu = await resolveProviders(undefined, 'auto', new FakeMachine('cuda', 'cpu'));
    assert.deepEqual(withGpu, { providers: named('cuda', 'cpu'), notices: [] });
    const withoutGpu = new FakeMachine('cpu');
    assert.deepEqual(await resolveProviders(undefined, 'auto', withoutGpu), { providers: named('cpu'), notices: [] });
    assert.deepEqual(withoutGpu.asked, [['cuda', true]]);
  });

  it('asks nothing for a model on the CPU', async () => {
    const machine = new FakeMachine('cuda', 'cpu');
    assert.deepEqual(await resolveProviders(undefined, 'cpu', machine), { providers: named('cpu'), notices: [] });
    assert.deepEqual(machine.asked, []);
  });

  it('gives a model on the CPU the CPU alone, with its options, whatever else its list names', async () => {
    const machine = new FakeMachine('cuda', 'cpu');
    const onCpu: ProviderChoice = { name: 'cpu', options: { useArena: false } };
    const resolved = await resolveProviders([...named('cuda'), onCpu], 'cpu', machine);
    assert.deepEqual(resolved, { providers: [onCpu], notices: [] });
    assert.deepEqual(machine.asked, []);
  });

  it('refuses a model on the CPU whose list leaves the CPU out', async () => {
    await assert.rejects(resolveProviders(named('cuda', 'tensorrt'), 'cpu', new FakeMachine('cuda', 'cpu')), {
      code: 'MODEL_UNAVAILABLE',
      details: {
        path: 'execution_providers',
        expected: 'cpu among them, as instances.device says',
        got: 'cuda, tensorrt',
      },
    });
  });

  it('keeps the order and the options of a list', async () => {
    const requested: ProviderChoice[] = [
      { name: 'tensorrt', options: { trtFp16Enable: true } },
      { name: 'cuda', options: { deviceId: 1 } },
      { name: 'cpu', options: {} },
    ];
    const machine = new FakeMachine('tensorrt', 'cuda', 'cpu');
    assert.deepEqual(await resolveProviders(requested, 'auto', machine), { providers: requested, notices: [] });
    const quietly = machine.asked.map(([, asked]) => asked);
    assert.deepEqual(quietly, [false, false, false]);
  });

  it('leaves out what is not there if the list goes on, and says so', async () => {
    const resolved = await resolveProviders(named('tensorrt', 'cuda', 'cpu'), 'auto', new FakeMachine('cpu'));
    assert.deepEqual(resolved, {
      providers: named('cpu'),
      notices: [
        'execution provider left out: tensorrt: no tensorrt here',
        'execution provider left out: cuda: no cuda here',
      ],
    });
  });

  it('refuses a list of which nothing is there, with all the reasons', async () => {
    await assert.rejects(resolveProviders(named('tensorrt', 'cuda'), 'auto', new FakeMachine('cpu')), {
      code: 'MODEL_UNAVAILABLE',
      message: /tensorrt: no tensorrt here; cuda: no cuda here/,
      details: {
        path: 'execution_providers',
        expected: 'a provider that works on this machine, or cpu at the end of the list',
        got: 'tensorrt, cuda',
      },
    });
  });

  it('gives gpu:N CUDA on that device and no way back to the CPU', async () => {
    const resolved = await resolveProviders(undefined, 'gpu:3', new FakeMachine('cuda', 'cpu'));
    assert.deepEqual(resolved.providers, [{ name: 'cuda', options: { deviceId: 3 } }]);
    await assert.rejects(resolveProviders(undefined, 'gpu:0', new FakeMachine('cpu')), { code: 'MODEL_UNAVAILABLE' });
  });

  it('puts the device of gpu:N into a list, save for the CPU and for what names a device of its own', async () => {
    const requested: ProviderChoice[] = [
      { name: 'tensorrt', options: { deviceId: 7 } },
      { name: 'cuda', options: { cudnnConvUseMaxWorkspace: '1' } },
      { name: 'cpu', options: {} },
    ];
    const { providers } = await resolveProviders(requested, 'gpu:2', new FakeMachine('tensorrt', 'cuda', 'cpu'));
    assert.deepEqual(providers, [
      { name: 'tensorrt', options: { deviceId: 7 } },
      { name: 'cuda', options: { deviceId: 2, cudnnConvUseMaxWorkspace: '1' } },
      { name: 'cpu', options: {} },
    ]);
  });
});
