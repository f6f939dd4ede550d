import type { ModelState } from '../core/events.js';

/** Where a model version may go from where it is. UNAVAILABLE always has a reason with it. */
const transitions = {
  LOADING: ['READY', 'UNAVAILABLE', 'UNLOADING', 'EVICTED'],
  READY: ['UNAVAILABLE', 'UNLOADING'],
  UNLOADING: ['UNAVAILABLE', 'EVICTED'],
  EVICTED: ['LOADING', 'UNAVAILABLE'],
  UNAVAILABLE: ['LOADING', 'UNLOADING'],
} as const satisfies Record<ModelState, readonly ModelState[]>;

/** Whether a model version may go from one state to the other. */
export function mayBecome(from: ModelState, to: ModelState): boolean {
  return (transitions[from] as readonly ModelState[]).includes(to);
}
