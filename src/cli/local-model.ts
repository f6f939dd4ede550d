import { resolveConfig } from '../config.js';
import { flagLayer } from '../config-sources.js';
import { startServerLazily } from './lazy-server.js';
import { settingsLayers } from './settings.js';

/** Which model is run inside this process, and how. */
export interface LocalModel {
  readonly name: string;
  /** The model folder; without it that of the settings. */
  readonly folder: string | undefined;
  /** Instances of the model, if neither it nor the settings say how many. */
  readonly instances?: number;
}

/**
 * Serves one model on a free port of this machine for as long as `use` takes. The settings are those of `serve`, so
 * that the model is what it would be there; but nothing is logged and no observer is told.
 *
 * @throws MillraceError if the settings are wrong, the folder is not there, or no model is called so; and what `use` throws
 */
export async function withLocalModel<T>(
  { name, folder, instances }: LocalModel,
  use: (url: string) => Promise<T>,
): Promise<T> {
  // It is for this process alone, which brings no key and speaks no TLS.
  const { tls: _, ...config } = resolveConfig([
    flagLayer(instances === undefined ? {} : { instances }),
    ...settingsLayers(),
    flagLayer({
      ...(folder === undefined ? {} : { models: folder }),
      host: '127.0.0.1',
      auth: 'none',
      port: 0,
      grpc: { port: 'off' },
      observers: [],
      // All that was asked for, and nothing that comes later.
      model_control: 'none',
      load_at_start: 'all',
      log: { level: 'silent' },
      shutdown: { grace_ms: 0 },
    }),
  ]);
  const millrace = await startServerLazily(config, { only: [name] });
  try {
    await millrace.loaded;
    return await use(await millrace.listen());
  } finally {
    await millrace.close();
  }
}
