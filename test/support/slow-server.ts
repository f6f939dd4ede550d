import { heavy } from './load-models.js';
import { metricValue } from './metrics-text.js';
import { createModelFolder } from './model-folder.js';
import { type SpawnedServer, spawnServer, until } from './spawned-server.js';

/** A spawned server with one model, `slow`, whose every run takes a fifth of a second or more and holds one job. */
export interface SlowServer extends SpawnedServer {
  metric(name: string, labels?: Record<string, string>): Promise<number>;
  /** Settles when a metric, 0 as long as it has no value, is what is wanted. */
  untilMetric(name: string, wanted: number, labels?: Record<string, string>): Promise<void>;
}

/** @param settings what else stands in the model's model.yaml */
export async function spawnSlowServer(env: Record<string, string> = {}, settings = ''): Promise<SlowServer> {
  const folder = await createModelFolder({
    'models/slow/1/model.onnx': heavy(2048),
    'models/slow/model.yaml': `batching: { max_batch_size: 1 }\ninstances: { count: 1 }\nwarmup: { enabled: false }\n${settings}`,
  });
  const server = await spawnServer([], { cwd: folder.dir, env }).catch(async (error: unknown) => {
    await folder.remove();
    throw error;
  });
  const metric = async (name: string, labels?: Record<string, string>) =>
    metricValue(await (await fetch(`${server.url}/metrics`)).text(), name, labels) ?? 0;
  return {
    ...server,
    metric,
    untilMetric: (name, wanted, labels) =>
      until(`${name} is ${wanted}`, async () => (await metric(name, labels)) === wanted),
    stop: async () => {
      await server.stop();
      await folder.remove();
    },
  };
}
