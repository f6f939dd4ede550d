/* What the clients ask: a few different items for each model, the same in every run. */

/** The models that are measured: one that costs next to nothing, and one that gains much from batches. */
export const workloadNames = ['penguins', 'mlp'] as const;

export type WorkloadName = (typeof workloadNames)[number];

/** The layers of the generated model. */
export const MLP_DIMS = [512, 2048, 2048, 10] as const;

const MLP_ITEMS = 8;

/** Bill length and depth in mm, flipper length in mm, body mass in g. */
const penguins = [
  [39.1, 18.7, 181, 3750],
  [46.5, 17.9, 192, 3500],
  [46.1, 13.2, 211, 4500],
  [41.1, 17.6, 182, 3200],
  [50.8, 19, 210, 4100],
  [43.3, 14, 208, 4575],
  [44.1, 18, 210, 4000],
  [45.8, 14.6, 210, 4200],
] as const;

/** The items of a model, one flat list of numbers each. */
export function itemsOf(name: WorkloadName): readonly (readonly number[])[] {
  switch (name) {
    case 'penguins':
      return penguins;
    case 'mlp':
      return Array.from({ length: MLP_ITEMS }, (_, item) =>
        Array.from({ length: MLP_DIMS[0] }, (_, index) => scattered(item * MLP_DIMS[0] + index)),
      );
  }
}

/** A number in [0, 1) with four decimals, as clients send them. */
function scattered(index: number): number {
  return ((index * 7_919 + 104_729) % 9_973) / 10_000;
}
