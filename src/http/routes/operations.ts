import type { Request } from 'express';
import { MillraceError } from '../../core/errors.js';
import type { ModelManager } from '../../serving/model-manager.js';
import type { Access } from '../access.js';
import { documentationOperations } from '../openapi/documentation-operations.js';
import { serverOperations } from '../openapi/server-operations.js';
import { type Route, sendText } from '../route.js';
import type { Live, Ready, Version } from '../server-answers.js';
import { welcomePage } from '../welcome-page.js';

/** A name or an address, and a port. */
const HOST = /^[\w.:[\]-]{1,255}$/;

/** What the operations routes read; each is asked for at the moment of the request. */
export interface OperationsServices {
  readonly models: ModelManager;
  readonly version: string;
  readonly access: Access;
  /** Whether the server has begun to shut down. */
  readonly isStopping: () => boolean;
}

/** Health, version, and the page at `/`. */
export function operationsRoutes({ models, version, access, isStopping }: OperationsServices): Route[] {
  return [
    {
      ...documentationOperations.welcome,
      handle: ({ request, response }) => {
        // Everybody may see the page, and those who may ask GET /models what is served.
        const isStranger = access.admit(request.headers, 'infer') instanceof MillraceError;
        const entries = isStranger ? undefined : models.entries;
        const page = welcomePage({ entries, version, origin: originOf(request), needsKey: !access.isOpen });
        sendText(response, 200, page, { type: 'text/plain; charset=utf-8' });
      },
    },
    {
      ...serverOperations.live,
      handle: ({ response }) => sendText(response, 200, JSON.stringify({ live: true } satisfies Live)),
    },
    {
      ...serverOperations.ready,
      handle: ({ response }) => {
        const ready = models.ready && !isStopping();
        const answer: Ready = { ready, ...(ready ? {} : loadingIn(models)) };
        sendText(response, ready ? 200 : 503, JSON.stringify(answer));
      },
    },
    {
      ...serverOperations.version,
      handle: ({ response }) => {
        const answer: Version = { name: 'millrace', version, node: process.version };
        sendText(response, 200, JSON.stringify(answer));
      },
    },
  ];
}

/** @param scrape gives all metrics in Prometheus's text form, with its media type */
export function metricsRoute(scrape: () => Promise<{ text: string; type: string }>): Route {
  return {
    ...serverOperations.metrics,
    handle: async ({ response }) => {
      const { text, type } = await scrape();
      sendText(response, 200, text, { type });
    },
  };
}

/** How many model versions are loading, and how far their warm-up is. Without names: anybody may ask. */
function loadingIn({ served }: ModelManager): Pick<Ready, 'loading' | 'warm_up'> {
  const loading = served.filter(({ state }) => state === 'LOADING');
  if (loading.length === 0) return {};
  const sum = (what: 'done' | 'total') => loading.reduce((all, { warmUp }) => all + (warmUp?.[what] ?? 0), 0);
  return { loading: loading.length, warm_up: { done: sum('done'), total: sum('total') } };
}

/** Where the client sees the server: what the socket knows of it, or a trusted proxy. */
function originOf(request: Request): string {
  const { localAddress, localPort, remoteAddress } = request.socket;
  const isTrusted = request.app.get('trust proxy fn') as (address: string | undefined, hop: number) => boolean;
  const { host, protocol } = request;
  const scheme = protocol === 'https' ? 'https' : 'http';
  if (isTrusted(remoteAddress, 0) && HOST.test(host)) return `${scheme}://${host}`;
  const address = localAddress?.includes(':') ? `[${localAddress}]` : localAddress;
  return `${scheme}://${address}:${localPort}`;
}
