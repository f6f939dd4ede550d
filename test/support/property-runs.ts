export interface PropertyRuns {
  readonly numRuns: number;
  readonly includeErrorInReport: true;
  readonly seed?: number;
  readonly path?: string;
  readonly endOnFailure?: true;
}

/**
 * The parameters of `fc.assert`. When a property fails, fast-check prints its seed and path: the same run comes back
 * with `FC_SEED=… FC_PATH=… node --test …`. `FC_RUNS` asks for another number of runs.
 */
export function propertyRuns(numRuns: number): PropertyRuns {
  const { FC_RUNS, FC_SEED, FC_PATH } = process.env;
  return {
    numRuns: FC_RUNS === undefined ? numRuns : Number(FC_RUNS),
    includeErrorInReport: true,
    ...(FC_SEED === undefined ? {} : { seed: Number(FC_SEED) }),
    ...(FC_PATH === undefined ? {} : { path: FC_PATH, endOnFailure: true }),
  };
}
