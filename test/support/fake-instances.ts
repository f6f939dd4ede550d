import assert from 'node:assert/strict';
import type { BatchRunner } from '#src/batching/batch-execution.js';
import type { RunnerPool } from '#src/batching/batch-runs.js';
import { MillraceError } from '#src/core/errors.js';
import type { BatchAxes } from '#src/model/signature.js';
import type { ExecutionResult } from '#src/runtime/backend.js';
import { elementCount, type NamedTensors, type Tensor } from '#src/tensor/tensor.js';

/** What the fake model makes of a batch. */
export type Compute = (inputs: NamedTensors) => NamedTensors;

/** One batch on a fake instance, from the call of `run` on; it ends when the test says so, and as the test says. */
export class FakeBatch {
  readonly instance: FakeInstance;
  /** What came in, in memory of the instance's own. */
  readonly inputs: NamedTensors;
  readonly result: Promise<ExecutionResult>;
  state: 'running' | 'finished' | 'failed' | 'crashed' = 'running';
  #resolve: (result: ExecutionResult) => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;

  constructor(instance: FakeInstance, inputs: NamedTensors) {
    this.instance = instance;
    this.inputs = inputs;
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** The batch ran: `outputs`, or else what the fake model computes. */
  finish(outputs: NamedTensors = this.instance.pool.compute(this.inputs)): void {
    this.#end('finished');
    this.#resolve({ outputs, phases: { computeInputMs: 1, computeInferMs: 2, computeOutputMs: 3 } });
  }

  /** The model refuses the batch; the instance is as good as before. */
  fail(error: Error = new MillraceError('EXECUTION_FAILED', 'The fake model refuses the batch.')): void {
    this.#end('failed');
    this.#reject(error);
  }

  /** The instance ends in the middle of the batch, and its pool with one less until `start` is called. */
  crash(): void {
    this.#end('crashed');
    this.instance.pool.bury(this.instance);
    this.#reject(new MillraceError('INSTANCE_CRASHED', 'The fake instance crashed.'));
  }

  #end(state: 'finished' | 'failed' | 'crashed'): void {
    assert.equal(this.state, 'running', 'a batch ends once');
    this.state = state;
  }
}

export class FakeInstance implements BatchRunner {
  readonly name: string;
  readonly pool: FakeInstances;

  constructor(name: string, pool: FakeInstances) {
    this.name = name;
    this.pool = pool;
  }

  run(inputs: NamedTensors): Promise<ExecutionResult> {
    return this.pool.run(this, inputs).result;
  }
}

/**
 * The instances of a fake model. Nothing runs by itself: each batch stays in `running` until the test ends it. What
 * batches must hold to is checked as they come; `assertSound` tells, since the batcher catches what `run` throws.
 */
export class FakeInstances implements RunnerPool<FakeInstance> {
  /** Every batch that was ever run, in order. */
  readonly batches: FakeBatch[] = [];
  readonly compute: Compute;
  /** Called when an instance becomes free. */
  onIdle: () => void = () => undefined;
  /** Called with each batch when it is formed. */
  onRun: (batch: FakeBatch) => void = () => undefined;
  readonly #axes: BatchAxes;
  readonly #idle: FakeInstance[] = [];
  readonly #taken = new Set<FakeInstance>();
  readonly #dead = new Set<FakeInstance>();
  readonly #violations: unknown[] = [];
  #started = 0;

  constructor(count: number, { compute, axes }: { compute: Compute; axes: BatchAxes }) {
    this.compute = compute;
    this.#axes = axes;
    for (let index = 0; index < count; index += 1) this.start();
  }

  get idle(): number {
    return this.#idle.length;
  }

  /** Instances that somebody has and that have not died. */
  get busy(): number {
    return [...this.#taken].filter((instance) => !this.#dead.has(instance)).length;
  }

  get running(): FakeBatch[] {
    return this.batches.filter(({ state }) => state === 'running');
  }

  /** The only batch that runs. */
  get only(): FakeBatch {
    const { running } = this;
    assert.equal(running.length, 1, `expected one running batch, there are ${running.length}`);
    return running[0] as FakeBatch;
  }

  take(): FakeInstance | undefined {
    const instance = this.#idle.pop();
    if (instance === undefined) this.#violations.push(new Error('I3: an instance was taken while none was idle'));
    else this.#taken.add(instance);
    return instance;
  }

  giveBack(instance: FakeInstance, ranWell: boolean): void {
    this.#check(() => {
      assert.ok(this.#taken.delete(instance), `${instance.name} was given back, but nobody has it`);
      const last = this.batches.findLast((batch) => batch.instance === instance);
      assert.notEqual(last?.state, 'running', `${instance.name} was given back before its batch ended`);
      if (ranWell) assert.equal(last?.state, 'finished', `${instance.name} did not run well`);
    });
    if (this.#dead.has(instance)) return;
    this.#idle.push(instance);
    this.onIdle();
  }

  /** A new instance, idle; after a crash the replacement. */
  start(): void {
    this.#idle.push(new FakeInstance(`fake#${this.#started}`, this));
    this.#started += 1;
    this.onIdle();
  }

  /** An instance ends, idle or not: it will not be handed out again. */
  bury(instance: FakeInstance): void {
    this.#dead.add(instance);
    const at = this.#idle.indexOf(instance);
    if (at !== -1) this.#idle.splice(at, 1);
  }

  /** An idle instance ends; false if none is idle. */
  crashIdle(): boolean {
    const instance = this.#idle[0];
    if (instance !== undefined) this.bury(instance);
    return instance !== undefined;
  }

  /** What `FakeInstance.run` does. */
  run(instance: FakeInstance, inputs: NamedTensors): FakeBatch {
    const batch = new FakeBatch(instance, takeOver(inputs));
    this.#check(() => {
      assert.ok(this.#taken.has(instance), `I3: ${instance.name} ran a batch that nobody had taken it for`);
      const busy = this.running.some((other) => other.instance === instance);
      assert.ok(!busy, `I3: ${instance.name} was given a batch while it ran another`);
      this.#checkTensors(batch.inputs);
    });
    this.batches.push(batch);
    this.#check(() => this.onRun(batch));
    return batch;
  }

  /** Throws what went wrong first, if anything did. */
  assertSound(): void {
    if (this.#violations.length > 0) throw this.#violations[0];
  }

  /** Whether the tensors are whole and hold the same number of rows. */
  #checkTensors(inputs: NamedTensors): void {
    const rows = new Set<number>();
    for (const [name, { shape, data }] of Object.entries(inputs)) {
      assert.equal(data.length, elementCount(shape), `${name} has ${data.length} elements for [${shape.join(', ')}]`);
      const axis = this.#axes.inputs[name] ?? null;
      if (axis !== null) rows.add(shape[axis] as number);
    }
    assert.ok(rows.size <= 1, `the inputs of a batch hold ${[...rows].join(' and ')} rows`);
  }

  #check(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#violations.push(error);
    }
  }
}

/** As a worker does: the tensors' memory moves, and whoever reads them afterwards finds nothing. */
function takeOver(inputs: NamedTensors): NamedTensors {
  const moved = Object.entries(inputs).map(([name, { datatype, shape, data }]): [string, Tensor] => {
    const own = Array.isArray(data)
      ? data.splice(0)
      : structuredClone(data, { transfer: [data.buffer as ArrayBuffer] });
    return [name, { datatype, shape, data: own }];
  });
  return Object.fromEntries(moved);
}
