import type { Step, Value } from '../step.js';
import type { Label, LabelRow, ValueType } from '../value-type.js';
import { bestFirst, bothCuts, type Cut } from './ranking.js';

/** Where labels come from. */
export interface LabelSource {
  /** The scores of an item, one for each class. */
  read(value: Value): ArrayLike<number>;
  /** What stands in the answer for a class, its score apart. */
  rowOf(place: number): LabelRow;
}

/** What two steps on labels differ in. */
interface LabelStepParts {
  readonly name: string;
  readonly gives: ValueType;
  readonly cut: Cut;
}

/** Labels into those of them within a cut, by falling score. */
export class CutLabels implements Step {
  readonly name: string;
  readonly gives: ValueType;
  readonly runs = 'javascript';
  readonly cut: Cut;

  constructor({ name, gives, cut }: LabelStepParts) {
    this.name = name;
    this.gives = gives;
    this.cut = cut;
  }

  run(value: Value): Label[] {
    const labels = value as readonly Label[];
    const scores = labels.map(({ score }) => score);
    return bestFirst(scores, this.cut).map((place) => labels[place] as Label);
  }
}

/**
 * Scores into labels by falling score. Cuts that follow become part of it: which classes are wanted is found by their
 * numbers, and only those become objects.
 */
export class RankedLabels implements Step {
  readonly name: string;
  readonly gives: ValueType;
  readonly runs = 'javascript';
  readonly #cut: Cut;
  readonly #source: LabelSource;

  constructor({ name, gives, cut }: LabelStepParts, source: LabelSource) {
    this.name = name;
    this.gives = gives;
    this.#cut = cut;
    this.#source = source;
  }

  run(value: Value): Label[] {
    const scores = this.#source.read(value);
    return bestFirst(scores, this.#cut).map((place) => {
      return labelled(this.#source.rowOf(place), scores[place] as number);
    });
  }

  fuse(next: Step): Step | undefined {
    if (!(next instanceof CutLabels)) return undefined;
    const cut = bothCuts(this.#cut, next.cut);
    return new RankedLabels({ name: `${this.name} + ${next.name}`, gives: next.gives, cut }, this.#source);
  }
}

/** What the file says of a class, and its score, which comes second for those who read. */
export function labelled({ label, ...details }: LabelRow, score: number): Label {
  return { label, score, ...details };
}
