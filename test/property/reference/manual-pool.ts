import type { BatchRunner } from '#src/batching/batch-execution.js';
import type { RunnerPool } from '#src/batching/batch-runs.js';
import { type ErrorCode, MillraceError } from '#src/core/errors.js';
import type { ExecutionResult } from '#src/runtime/backend.js';
import type { NamedTensors, Tensor } from '#src/tensor/tensor.js';

/** A batch that runs until the test ends it. */
export interface ManualRun {
  readonly x: Tensor;
  /** y = x · scale + 0.5. */
  finish(): void;
  fail(): void;
  /** It takes more memory than there is; the instance lives. */
  exhaust(): void;
  /** The instance ends with it, by itself or because it took too long. */
  crash(): void;
  hang(): void;
}

/** Instances that do what the test says: as few lines and as little work as can be, since thousands of programs use them. */
export class ManualPool implements RunnerPool<BatchRunner> {
  /** In the order in which they began. */
  runs: ManualRun[] = [];
  idle: number;
  onIdle: () => void = () => undefined;
  #dead = 0;

  constructor(idle: number) {
    this.idle = idle;
  }

  take(): BatchRunner | undefined {
    if (this.idle === 0) return undefined;
    this.idle -= 1;
    return { name: 'manual', run: (inputs) => this.#run(inputs) };
  }

  giveBack(): void {
    if (this.#dead > 0) {
      this.#dead -= 1;
      return;
    }
    this.revive();
  }

  revive(): void {
    this.idle += 1;
    this.onIdle();
  }

  #run({ x, scale }: NamedTensors): Promise<ExecutionResult> {
    return new Promise((resolve, reject) => {
      const input = x as Tensor;
      const factor = (scale as Tensor).data[0] as number;
      const end = () => {
        this.runs = this.runs.filter((other) => other !== run);
      };
      const endWith = (code: ErrorCode) => {
        end();
        reject(new MillraceError(code, 'The batch failed.'));
      };
      const dieWith = (code: ErrorCode) => {
        this.#dead += 1;
        endWith(code);
      };
      const run: ManualRun = {
        x: input,
        finish: () => {
          end();
          const data = (input.data as Float32Array).map((value) => value * factor + 0.5);
          const phases = { computeInputMs: 0, computeInferMs: 0, computeOutputMs: 0 };
          resolve({ outputs: { y: { ...input, data } }, phases });
        },
        fail: () => endWith('EXECUTION_FAILED'),
        exhaust: () => endWith('OUT_OF_MEMORY'),
        crash: () => dieWith('INSTANCE_CRASHED'),
        hang: () => dieWith('EXECUTION_TIMEOUT'),
      };
      this.runs.push(run);
    });
  }
}
