/* Other servers, as they did best on two processors. What they run is in bench/peers. */
import type { WorkloadName } from './items.js';
import type { FormName } from './request-form.js';

/** What a server can be told; how often it forks, and how it batches. */
export interface PeerSettings {
  /** Processes, or instances of the model. */
  readonly workers: number;
  /** Undefined where it does not batch. */
  readonly max_batch?: number;
  readonly max_delay_ms?: number;
  /** What only this one has. */
  readonly [other: string]: number | undefined;
}

export interface Peer {
  readonly about: string;
  readonly path: string;
  readonly form: FormName;
  readonly settings: (workload: WorkloadName) => PeerSettings;
}

const numbers = { path: '/predict', form: 'numbers' } as const;
const v2 = { path: '/v2/models/model/infer', form: 'v2' } as const;

/** In the order of the tables. Versions are in bench/peers/NAME/requirements.txt; express is this project's own. */
export const peers = {
  triton: {
    about: 'Triton with its Python backend, dynamic batching',
    ...v2,
    settings: (workload) => ({
      workers: workload === 'symbols' || workload === 'mlp' ? 2 : 1,
      max_batch: 32,
      max_delay_ms: 1,
      http_threads: 2,
    }),
  },
  mosec: {
    about: 'mosec: HTTP and batching in Rust, the model in Python processes',
    path: '/inference',
    form: 'numbers',
    // With batches as large as the number of clients, one batch at a time would be under way.
    settings: () => ({ workers: 2, max_batch: 16, max_delay_ms: 2 }),
  },
  litserve: {
    about: 'LitServe, batching',
    ...numbers,
    settings: () => ({ workers: 1, api_servers: 2, max_batch: 32, max_delay_ms: 5 }),
  },
  mlserver: {
    about: 'MLServer, a custom runtime, adaptive batching, without parallel workers',
    ...v2,
    settings: () => ({ workers: 1, parallel_workers: 0, max_batch: 32, max_delay_ms: 5 }),
  },
  bentoml: {
    about: 'BentoML, its own adaptive batching, without metrics',
    path: '/predict',
    form: 'rows',
    settings: () => ({ workers: 2, max_batch: 32, max_latency_ms: 10_000 }),
  },
  fastapi: {
    about: 'FastAPI and uvicorn as people write it: pydantic, one run for each request',
    ...numbers,
    settings: () => ({ workers: 2 }),
  },
  express: {
    about: 'Express 5 as people write it: express.json(), one run for each request',
    path: '/predict',
    form: 'input',
    settings: () => ({ workers: 2 }),
  },
} as const satisfies Record<string, Peer>;

export type PeerName = keyof typeof peers;

export const peerNames = Object.keys(peers) as PeerName[];
