import fc from 'fast-check';

/** How a model of the program is set up: small, so that everything fills up and overflows. */
export interface ModelChoice {
  readonly instances: number;
  readonly maxBatchSize: number;
  /** Undefined is the greedy policy. */
  readonly delayMs: number | undefined;
  readonly axis: 0 | 1;
  readonly concurrency: number;
  readonly queueRows: number;
  readonly queueBytes: number;
}

export interface JobChoice {
  readonly rows: number;
  readonly width: number;
  readonly scale: number;
  readonly priority: number;
  readonly timeoutMs: number;
  /** The input does not fit the model. */
  readonly misfit: boolean;
}

/** What happens. `choice` picks one of those that there are at that moment; nothing happens if there is none. */
export type Step =
  | { readonly kind: 'submit'; readonly model: number; readonly job: JobChoice; readonly reuse: number | undefined }
  | {
      readonly kind: 'submitGroup';
      readonly model: number;
      readonly jobs: readonly JobChoice[];
      readonly reuse: number | undefined;
    }
  | { readonly kind: 'cancel' | 'leave' | 'finish' | 'fail' | 'crash'; readonly choice: number }
  | { readonly kind: 'crashIdle' | 'restart'; readonly model: number }
  | { readonly kind: 'settle' }
  | { readonly kind: 'advance'; readonly ms: number };

/** How the program ends: what is left is worked off, or the server gives up on it, or the models are unloaded. */
export type Ending = 'drain' | 'destroy' | 'unload';

export interface Program {
  readonly models: readonly ModelChoice[];
  readonly steps: readonly Step[];
  readonly ending: Ending;
}

/** One value nearly always, another now and then. */
function mostly<Value>(usual: Value, other: fc.Arbitrary<Value>): fc.Arbitrary<Value> {
  return fc.oneof({ weight: 7, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });
}

const model = fc.record<ModelChoice>({
  instances: fc.integer({ min: 1, max: 3 }),
  maxBatchSize: fc.integer({ min: 1, max: 8 }),
  delayMs: fc.oneof(fc.constant(undefined), fc.integer({ min: 0, max: 20 })),
  axis: fc.constantFrom(0, 1),
  concurrency: fc.integer({ min: 1, max: 20 }),
  queueRows: fc.integer({ min: 3, max: 30 }),
  queueBytes: fc.integer({ min: 24, max: 400 }),
});

/** Rows of a job, at most. */
export const LARGEST_JOB = 12;

const job = fc.record<JobChoice>({
  rows: mostly(1, fc.oneof(fc.integer({ min: 2, max: 4 }), fc.integer({ min: 2, max: LARGEST_JOB }))),
  width: mostly(1, fc.constant(2)),
  scale: mostly(1, fc.constant(2)),
  priority: fc.integer({ min: 0, max: 10 }),
  timeoutMs: fc.oneof(fc.integer({ min: 1, max: 80 }), fc.constant(2000)),
  misfit: mostly(false, fc.constant(true)),
});

const choice = fc.nat(1000);
const which = fc.nat(1);
const reuse = mostly<number | undefined>(undefined, choice);
const kind = <const Kind extends string>(name: Kind) => fc.constant(name);

const step = fc.oneof<{ weight: number; arbitrary: fc.Arbitrary<Step> }[]>(
  { weight: 16, arbitrary: fc.record({ kind: kind('submit'), model: which, job, reuse }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: kind('submitGroup'),
      model: which,
      jobs: fc.array(job, { minLength: 1, maxLength: 4 }),
      reuse,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: kind('cancel'), choice }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('leave'), choice }) },
  { weight: 6, arbitrary: fc.record({ kind: kind('finish'), choice }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('fail'), choice }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('crash'), choice }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('crashIdle'), model: which }) },
  { weight: 3, arbitrary: fc.record({ kind: kind('restart'), model: which }) },
  { weight: 8, arbitrary: fc.record({ kind: kind('settle') }) },
  { weight: 4, arbitrary: fc.record({ kind: kind('advance'), ms: fc.integer({ min: 0, max: 30 }) }) },
);

export const programs: fc.Arbitrary<Program> = fc.record<Program>({
  models: fc.array(model, { minLength: 1, maxLength: 2 }),
  steps: fc.array(step, { maxLength: 80, size: 'max' }),
  ending: fc.constantFrom('drain', 'drain', 'destroy', 'unload'),
});
