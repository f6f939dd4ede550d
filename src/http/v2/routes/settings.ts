import {
  logSettings,
  settingsRefusal,
  sharedMemoryRefusal,
  traceSettings,
  unknownRegion,
} from '../../../v2/fixed-settings.js';
import { findEntry } from '../../../v2/model-lookup.js';
import { v2SettingsOperations as operations, v2SharedMemoryOperations } from '../../openapi/v2-settings-operations.js';
import { type Exchange, type Route, sendText } from '../../route.js';
import type { Done } from '../answers.js';
import type { V2Services } from '../v2-services.js';

/** Settings that Triton lets clients change while it runs, and its shared memory: they can be looked at. */
export function settingsRoutes({ models }: V2Services): Route[] {
  const trace = ({ response }: Exchange) => sendText(response, 200, JSON.stringify(traceSettings));
  const refuse = () => {
    throw settingsRefusal();
  };
  return [
    { ...operations.trace, handle: trace },
    { ...operations.changeTrace, handle: refuse },
    {
      ...operations.modelTrace,
      handle(exchange) {
        findEntry(models, String(exchange.request.params['name']));
        trace(exchange);
      },
    },
    { ...operations.changeModelTrace, handle: refuse },
    {
      ...operations.logging,
      handle: ({ response }) => sendText(response, 200, JSON.stringify(logSettings)),
    },
    { ...operations.changeLogging, handle: refuse },
    ...sharedMemory('system'),
    ...sharedMemory('cuda'),
  ];
}

/** Shared memory as of a server that has it off: no region is known, and to forget them all changes nothing. */
function sharedMemory(kind: 'system' | 'cuda'): Route[] {
  const { status, regionStatus, register, unregisterAll, unregister } = v2SharedMemoryOperations[kind];
  const forget = ({ response }: Exchange) => {
    const answer: Done = {};
    sendText(response, 200, JSON.stringify(answer));
  };
  return [
    { ...status, handle: ({ response }) => sendText(response, 200, '[]') },
    {
      ...regionStatus,
      handle({ request }) {
        throw unknownRegion(kind, String(request.params['region']));
      },
    },
    {
      ...register,
      handle() {
        throw sharedMemoryRefusal(kind);
      },
    },
    { ...unregisterAll, handle: forget },
    { ...unregister, handle: forget },
  ];
}
