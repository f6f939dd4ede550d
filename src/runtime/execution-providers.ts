import { MillraceError } from '../core/errors.js';

/** ONNX Runtime's execution providers that a model may ask for by name. */
export const providerNames = ['cuda', 'tensorrt', 'webgpu', 'coreml', 'dml', 'cpu'] as const;

export type ProviderName = (typeof providerNames)[number];

/** A provider with its own options, under the names that ONNX Runtime gives them. */
export interface ProviderChoice {
  readonly name: ProviderName;
  readonly options: Readonly<Record<string, string | number | boolean>>;
}

export type ProviderAvailability =
  | { readonly available: true }
  | { readonly available: false; readonly reason: string };

/** Tells whether this machine can run a provider; asked once for each, since the answer takes a process of its own. */
export interface ProviderProbe {
  /** @param quietly true when nobody asked for the provider by name: then its absence is found without starting anything */
  availability(name: ProviderName, quietly: boolean): Promise<ProviderAvailability>;
}

/** The list that a session gets, and what the operator should be told about it. */
export interface ResolvedProviders {
  readonly providers: readonly ProviderChoice[];
  readonly notices: readonly string[];
}

const cpu: ProviderChoice = { name: 'cpu', options: {} };

/**
 * Decides which providers a model's sessions get. ONNX Runtime never sees a name that was not probed first: it
 * drops names it does not know with a warning and runs on the CPU, so that people believe they run on a GPU.
 *
 * @param requested the list in model.yaml or the server's configuration, if any
 * @param device `auto`, `cpu` or `gpu:N`
 * @throws MillraceError MODEL_UNAVAILABLE if what was asked for by name cannot be had and the list does not go on
 */
export async function resolveProviders(
  requested: readonly ProviderChoice[] | undefined,
  device: string,
  probe: ProviderProbe,
): Promise<ResolvedProviders> {
  if (device.startsWith('gpu:')) {
    const deviceId = Number(device.slice('gpu:'.length));
    const onDevice = (requested ?? [{ name: 'cuda', options: {} }]).map(({ name, options }) => {
      return { name, options: name === 'cpu' ? options : { deviceId, ...options } };
    });
    return fromList(onDevice, probe);
  }
  if (device === 'cpu') return { providers: [onlyCpu(requested)], notices: [] };
  if (requested !== undefined) return fromList(requested, probe);
  const cuda = await probe.availability('cuda', true);
  if (cuda.available) return { providers: [{ name: 'cuda', options: {} }, cpu], notices: [] };
  return { providers: [cpu], notices: [] };
}

/** What a model gets that is to run on the CPU, with the options that its list has for it. */
function onlyCpu(requested: readonly ProviderChoice[] = [cpu]): ProviderChoice {
  const choice = requested.find(({ name }) => name === 'cpu');
  if (choice !== undefined) return choice;
  throw new MillraceError(
    'MODEL_UNAVAILABLE',
    'The model is to run on the CPU, and its execution providers leave the CPU out.',
    {
      path: 'execution_providers',
      expected: 'cpu among them, as instances.device says',
      got: requested.map(({ name }) => name).join(', '),
    },
  );
}

async function fromList(requested: readonly ProviderChoice[], probe: ProviderProbe): Promise<ResolvedProviders> {
  const providers: ProviderChoice[] = [];
  const missing: string[] = [];
  for (const choice of requested) {
    const answer = await probe.availability(choice.name, false);
    if (answer.available) providers.push(choice);
    else missing.push(`${choice.name}: ${answer.reason}`);
  }
  if (providers.length > 0) {
    return { providers, notices: missing.map((text) => `execution provider left out: ${text}`) };
  }
  throw new MillraceError(
    'MODEL_UNAVAILABLE',
    `No execution provider that was asked for can be had (${missing.join('; ')}).`,
    {
      path: 'execution_providers',
      expected: 'a provider that works on this machine, or cpu at the end of the list',
      got: requested.map(({ name }) => name).join(', '),
    },
  );
}
