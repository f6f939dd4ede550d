import assert from 'node:assert/strict';
import type { Step, StepContext, StepKind, Value } from '#src/pipelines/step.js';
import type { ValueType } from '#src/pipelines/value-type.js';

/** A step as model.yaml writes it: `['softmax']`, `['top_k', 5]`, `['threshold', {per_label: true}]`. */
export type WrittenStep = readonly [name: string, options?: unknown];

/** Files beside the model: their names and JSON. */
export type JsonFiles = Readonly<Record<string, unknown>>;

/** Resolves steps of the given kinds one after another, each for what the one before it gives. */
export class StepResolver {
  readonly #kinds: ReadonlyMap<string, StepKind>;

  constructor(kinds: readonly StepKind[]) {
    this.#kinds = new Map(kinds.map((kind) => [kind.name, kind]));
  }

  async chain(written: readonly WrittenStep[], given: ValueType, files: JsonFiles = {}): Promise<Step[]> {
    const steps: Step[] = [];
    for (const each of written) steps.push(await this.step(each, steps.at(-1)?.gives ?? given, files));
    return steps;
  }

  async step([name, options = {}]: WrittenStep, given: ValueType, files: JsonFiles = {}): Promise<Step> {
    const kind = this.#kinds.get(name);
    assert.ok(kind !== undefined && kind.takes.includes(given.kind), `${name} takes ${given.kind}`);
    const isShort = typeof options !== 'object' || Array.isArray(options);
    const step = await kind.resolve(
      kind.options.parse(isShort ? { [kind.shorthand as string]: options } : options),
      given,
      contextOf(files),
    );
    assert.ok(kind.gives.includes(step.gives.kind), `${name} gives ${step.gives.kind}`);
    return step;
  }
}

/** Runs steps that finish at once. */
export function runAll(steps: readonly Step[], value: Value): Value {
  return steps.reduce<Value>((at, step) => {
    const given = step.run(at);
    assert.ok(!(given instanceof Promise), `${step.name} gave a promise`);
    return given;
  }, value);
}

/** The steps with neighbours in one wherever they say that they can be. */
export function fuseAll(steps: readonly Step[]): Step[] {
  return steps.reduce<Step[]>((done, step) => {
    const both = done.at(-1)?.fuse?.(step);
    return both === undefined ? [...done, step] : [...done.slice(0, -1), both];
  }, []);
}

function contextOf(files: JsonFiles): StepContext {
  const readFile = async (name: string) => {
    if (!Object.hasOwn(files, name)) throw new Error(`${name}: there is no such file beside the model`);
    return new TextEncoder().encode(JSON.stringify(files[name]));
  };
  return { inputs: [], outputs: [], readFile };
}
