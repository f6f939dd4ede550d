/*
 * The baselines, in a process of their own: `node express-app.js OPTIONS`, with AppOptions as JSON. It says where it
 * listens in a line as millrace's log has it.
 */
import cluster from 'node:cluster';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type RequestHandler } from 'express';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { createExpressServer } from '#src/http/express-server.js';
import { httpLimitsSchema } from '#src/http/limits.js';

export interface AppOptions {
  /** `handler` runs the model for each request; `constant` answers `answer` to every body. */
  readonly kind: 'handler' | 'constant';
  /**
   * False is Express as people write it. True is millrace's own server for Express, and what Express does for each
   * answer beyond writing it switched off: the harder baseline.
   */
  readonly fast: boolean;
  readonly modelPath: string;
  readonly answer?: unknown;
  /** Free ones are found for those who do not say. */
  readonly port?: number;
  /** More than one share the port, each with a session of its own. */
  readonly processes?: number;
}

const options = JSON.parse(process.argv[2] as string) as AppOptions;
const { processes = 1 } = options;

if (processes > 1 && cluster.isPrimary) shareWork(processes);
else await serve(options);

function shareWork(processes: number): void {
  for (let count = 0; count < processes; count += 1) cluster.fork();
  process.once('SIGTERM', () => cluster.disconnect(() => process.exit()));
}

async function serve({ kind, fast, modelPath, answer, port = 0 }: AppOptions): Promise<void> {
  const app = express();
  if (fast) {
    app.disable('etag');
    app.disable('x-powered-by');
  }
  app.use(express.json());
  const predict = kind === 'handler' ? await predictWith(modelPath) : undefined;
  app.post('/predict', predict ?? ((_request, response) => response.json(answer)));
  const server = fast ? createExpressServer(app, httpLimitsSchema.parse({})) : createServer(app);
  server.listen(port, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo;
    console.log(JSON.stringify({ msg: 'listening', url: `http://127.0.0.1:${port}` }));
  });
}

/** One session for all, on this thread, and one run for each request. */
async function predictWith(model: string): Promise<RequestHandler> {
  const session = await InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const inputName = session.inputNames[0] as string;
  const [metadata] = session.inputMetadata;
  const shape = metadata?.isTensor ? metadata.shape.slice(1).map(Number) : [];
  return async (request, response) => {
    const { input } = request.body as { input: unknown };
    if (!Array.isArray(input)) {
      response.status(400).json({ error: 'input must be a list of numbers' });
      return;
    }
    const numbers = shape.length === 1 ? (input as number[]) : (input.flat(shape.length - 1) as number[]);
    const tensor = new Tensor('float32', Float32Array.from(numbers), [1, ...shape]);
    const results = await session.run({ [inputName]: tensor });
    const output = Object.fromEntries(
      session.outputNames.map((name) => [name, Array.from(results[name]?.data as Float32Array)]),
    );
    response.json({ output });
  };
}
