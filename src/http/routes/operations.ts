import type { ModelManager } from '../../serving/model-manager.js';
import { type Route, sendText } from '../route.js';
import { welcomePage } from '../welcome-page.js';

/** What the operations routes read; each is asked for at the moment of the request. */
export interface OperationsServices {
  readonly models: ModelManager;
  readonly version: string;
  /** Whether the server has begun to shut down. */
  readonly isStopping: () => boolean;
  /** All metrics in Prometheus's text form, with its media type. */
  readonly metrics: () => Promise<{ text: string; type: string }>;
}

/** Health, version, metrics, and the page at `/`. */
export function operationsRoutes({ models, version, isStopping, metrics }: OperationsServices): Route[] {
  return [
    {
      method: 'get',
      path: '/',
      scope: 'public',
      handle: ({ request, response }) => {
        const { localAddress, localPort } = request.socket;
        const host = localAddress?.includes(':') ? `[${localAddress}]` : localAddress;
        const page = welcomePage({ entries: models.entries, version, origin: `http://${host}:${localPort}` });
        sendText(response, 200, page, { type: 'text/plain; charset=utf-8' });
      },
    },
    {
      method: 'get',
      path: '/healthz/live',
      scope: 'public',
      handle: ({ response }) => sendText(response, 200, '{"live":true}'),
    },
    {
      method: 'get',
      path: '/healthz/ready',
      scope: 'public',
      handle: ({ response }) => {
        const ready = models.ready && !isStopping();
        sendText(response, ready ? 200 : 503, JSON.stringify({ ready }));
      },
    },
    {
      method: 'get',
      path: '/version',
      scope: 'public',
      handle: ({ response }) =>
        sendText(response, 200, JSON.stringify({ name: 'millrace', version, node: process.version })),
    },
    {
      method: 'get',
      path: '/metrics',
      scope: 'metrics',
      handle: async ({ response }) => {
        const { text, type } = await metrics();
        sendText(response, 200, text, { type });
      },
    },
  ];
}
