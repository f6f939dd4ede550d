/* What the clients ask: a few different items for each model, the same in every run. */

/**
 * The models that can be measured: one that costs next to nothing, one that gains much from batches, one whose bodies
 * are long, and one that costs little and has bodies of middle length.
 */
export const workloadNames = ['penguins', 'mlp', 'symbols', 'lande'] as const;

export type WorkloadName = (typeof workloadNames)[number];

/** The layers of the generated model. */
export const MLP_DIMS = [512, 2048, 2048, 10] as const;

/** The shape of one item, without the batch axis. */
export const itemShapes: Readonly<Record<WorkloadName, readonly number[]>> = {
  penguins: [4],
  mlp: [MLP_DIMS[0]],
  symbols: [1, 32, 32],
  lande: [620],
};

const ITEMS = 8;

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

/** The items of a model, one flat list of numbers each, row-major. */
export function itemsOf(name: WorkloadName): readonly (readonly number[])[] {
  switch (name) {
    case 'penguins':
      return penguins;
    case 'mlp':
    case 'symbols':
      return items(name, scattered);
    case 'lande':
      // Relative frequencies of n-grams, of which a text has few. Dense numbers would all be the same language for it.
      return items(name, (index) => (scattered(index) < 0.15 ? Math.round(300 * scattered(31 * index)) / 1e4 : 0));
  }
}

function items(name: WorkloadName, number: (index: number) => number): number[][] {
  const length = itemShapes[name].reduce((product, size) => product * size, 1);
  return Array.from({ length: ITEMS }, (_, item) =>
    Array.from({ length }, (_, index) => number(item * length + index)),
  );
}

/** An item as nested arrays of its shape, which is how it stands in a body. */
export function nested(item: readonly number[], [size = 1, ...rest]: readonly number[]): unknown {
  if (rest.length === 0) return item;
  const length = item.length / size;
  return Array.from({ length: size }, (_, index) => nested(item.slice(index * length, (index + 1) * length), rest));
}

/** A number in [0, 1) with four decimals, as clients send them. */
function scattered(index: number): number {
  return ((index * 7_919 + 104_729) % 9_973) / 10_000;
}
