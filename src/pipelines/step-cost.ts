/** How much each earlier measurement counts beside a new one. */
const MEMORY = 0.95;
/** One measurement counts for at most so many times what was expected: the rest was a pause of the collector or of the system. */
const MOST_SURPRISE = 4;
/** Efforts that differ by less than this share of their mean tell nothing of how the cost grows. */
const LEAST_SPREAD = 0.05;

/** A measurement: what the cost grows with, in the step's own unit, and what it was in milliseconds. */
export interface Measurement {
  readonly effort: number;
  readonly ms: number;
}

/**
 * Learner: what a step costs, learnt while it runs. The model is a straight line, cost = fixed + slope × effort, fitted
 * by least squares in which older measurements count less and less, so that it follows a machine that grows slower.
 * While all efforts were alike, a greater one is expected to cost more in proportion: too much rather than too little.
 */
export class StepCost {
  #weight = 0;
  #effort = 0;
  #ms = 0;
  #effortSquared = 0;
  #product = 0;

  /** Starts over from measurements. */
  fit(measurements: readonly Measurement[]): void {
    this.#weight = this.#effort = this.#ms = this.#effortSquared = this.#product = 0;
    for (const measurement of measurements) this.update(measurement);
  }

  /** Takes in one more measurement. */
  update({ effort, ms }: Measurement): void {
    const expected = this.predict(effort);
    const likely = expected === undefined || expected === 0 ? ms : Math.min(ms, MOST_SURPRISE * expected);
    this.#weight = MEMORY * this.#weight + 1;
    this.#effort = MEMORY * this.#effort + effort;
    this.#ms = MEMORY * this.#ms + likely;
    this.#effortSquared = MEMORY * this.#effortSquared + effort * effort;
    this.#product = MEMORY * this.#product + effort * likely;
  }

  /** Milliseconds that the step will probably take; undefined before the first measurement. */
  predict(effort: number): number | undefined {
    if (this.#weight === 0) return undefined;
    const meanEffort = this.#effort / this.#weight;
    const meanMs = this.#ms / this.#weight;
    const variance = this.#effortSquared / this.#weight - meanEffort * meanEffort;
    const inProportion = meanEffort === 0 ? meanMs : (meanMs / meanEffort) * effort;
    if (variance <= (LEAST_SPREAD * meanEffort) ** 2) return Math.max(meanMs, inProportion);
    const slope = Math.max(0, (this.#product / this.#weight - meanEffort * meanMs) / variance);
    const fixed = meanMs - slope * meanEffort;
    return fixed < 0 ? inProportion : fixed + slope * effort;
  }
}
