import type { ModelManager } from '../serving/model-manager.js';
import {
  logSettings,
  settingsRefusal,
  sharedMemoryRefusal,
  traceSettings,
  unknownRegion,
} from '../v2/fixed-settings.js';
import { findEntry } from '../v2/model-lookup.js';
import { type Method, unary } from './method.js';

/** What Triton has and this server has not: answered as Triton answers where it is off, for clients that ask in passing. */
export function absentMethods(models: ModelManager): Readonly<Record<string, Method>> {
  return {
    ...sharedMemory('System', 'system'),
    ...sharedMemory('Cuda', 'cuda'),
    TraceSetting: unary('infer', (request) => {
      const { model_name: model } = request as { model_name: string };
      if (model !== '') findEntry(models, model);
      refuseChange(request);
      return settingsOf(traceSettings, (value) => ({ value: [value].flat() }));
    }),
    LogSettings: unary('infer', (request) => {
      refuseChange(request);
      return settingsOf(logSettings, (value) => {
        if (typeof value === 'boolean') return { bool_param: value };
        return typeof value === 'number' ? { uint32_param: value } : { string_param: value };
      });
    }),
  };
}

function sharedMemory(prefix: string, kind: 'system' | 'cuda'): Readonly<Record<string, Method>> {
  return {
    [`${prefix}SharedMemoryStatus`]: unary('infer', (request) => {
      const { name } = request as { name: string };
      if (name !== '') throw unknownRegion(kind, name);
      return {};
    }),
    [`${prefix}SharedMemoryRegister`]: unary('infer', () => {
      throw sharedMemoryRefusal(kind);
    }),
    [`${prefix}SharedMemoryUnregister`]: unary('infer', () => ({})),
  };
}

/** Settings as a map of messages. */
function settingsOf<Value>(settings: Readonly<Record<string, Value>>, message: (value: Value) => object): object {
  return { settings: Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, message(value)])) };
}

/** A request that holds settings is to change them. */
function refuseChange(request: object): void {
  const { settings = {} } = request as { settings?: object };
  if (Object.keys(settings).length > 0) throw settingsRefusal();
}
