import {
  logSettings,
  settingsRefusal,
  sharedMemoryRefusal,
  traceSettings,
  unknownRegion,
} from '../../../v2/fixed-settings.js';
import { findEntry } from '../../../v2/model-lookup.js';
import { type Exchange, type Route, sendText } from '../../route.js';
import type { V2Services } from '../v2-services.js';

/** Settings that Triton lets clients change while it runs, and its shared memory: they can be looked at. */
export function settingsRoutes({ models }: V2Services): Route[] {
  return [
    ...settings('/v2/trace/setting', () => traceSettings),
    ...settings('/v2/models/:name/trace/setting', ({ request }) => {
      findEntry(models, String(request.params['name']));
      return traceSettings;
    }),
    ...settings('/v2/logging', () => logSettings),
    ...sharedMemory('system'),
    ...sharedMemory('cuda'),
  ];
}

function settings(path: string, read: (exchange: Exchange) => object): Route[] {
  return [
    {
      method: 'get',
      path,
      scope: 'infer',
      handle: (exchange) => sendText(exchange.response, 200, JSON.stringify(read(exchange))),
    },
    {
      method: 'post',
      path,
      scope: 'admin',
      handle() {
        throw settingsRefusal();
      },
    },
  ];
}

/** Shared memory as of a server that has it off: no region is known, and to forget them all changes nothing. */
function sharedMemory(kind: 'system' | 'cuda'): Route[] {
  const path = `/v2/${kind}sharedmemory`;
  const region = `${path}/region/:region`;
  return [
    { method: 'get', path: `${path}/status`, scope: 'infer', handle: ({ response }) => sendText(response, 200, '[]') },
    {
      method: 'get',
      path: `${region}/status`,
      scope: 'infer',
      handle({ request }) {
        throw unknownRegion(kind, String(request.params['region']));
      },
    },
    {
      method: 'post',
      path: `${region}/register`,
      scope: 'infer',
      handle() {
        throw sharedMemoryRefusal(kind);
      },
    },
    ...[path, region].map((each): Route => {
      return {
        method: 'post',
        path: `${each}/unregister`,
        scope: 'infer',
        handle: ({ response }) => sendText(response, 200, ''),
      };
    }),
  ];
}
