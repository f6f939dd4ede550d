import type { Instance } from '#src/runtime/backend.js';
import type { Millrace } from '#src/server.js';

/** All instances of a model, out of the batcher's reach: what is sent meanwhile waits, for as long as a test likes. */
export interface InstanceGate {
  readonly instances: readonly Instance[];
  /** Gives the instances back: what waits runs. */
  open(): void;
}

/** Takes the idle instances of a READY model. */
export function holdInstances({ models }: Millrace, model: string): InstanceGate {
  const group = models.resolve(model, undefined).model.loaded?.instances;
  if (group === undefined) throw new Error(`${model} has not loaded`);
  const instances: Instance[] = [];
  for (let instance = group.take(); instance !== undefined; instance = group.take()) instances.push(instance);
  return {
    instances,
    open: () => {
      for (const instance of instances) group.giveBack(instance, true);
    },
  };
}
