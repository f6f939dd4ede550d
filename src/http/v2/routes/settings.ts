import { MillraceError } from '../../../core/errors.js';
import { findEntry } from '../../../v2/model-lookup.js';
import { type Exchange, type Route, sendText } from '../../route.js';
import type { V2Services } from '../v2-services.js';

/** Triton's trace settings where nothing is traced. */
const traceSettings = {
  trace_level: ['OFF'],
  trace_rate: '1000',
  trace_count: '-1',
  log_frequency: '0',
  trace_file: '',
  trace_mode: 'triton',
};

/** Triton's log settings, as far as they mean something here. */
const logSettings = {
  log_file: '',
  log_info: true,
  log_warning: true,
  log_error: true,
  log_verbose_level: 0,
  log_format: 'default',
};

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
        const text = 'this server does not change its trace and log settings while it runs; set them when it starts';
        throw new MillraceError('UNSUPPORTED', text);
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
        const name = String(request.params['region']).slice(0, 128);
        throw new MillraceError('NOT_FOUND', `Unable to find ${kind} shared memory region: '${name}'`);
      },
    },
    {
      method: 'post',
      path: `${region}/register`,
      scope: 'infer',
      handle() {
        throw new MillraceError('UNSUPPORTED', `${kind} shared memory is not supported: send tensors in the request`);
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
