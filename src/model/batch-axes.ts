import type { BatchAxes, Signature, TensorSpec } from './signature.js';

/**
 * Where a model's batch axis may lie, judged by its signature alone. `candidates` come most probable first; a probe
 * on the running model decides between them. `fixedAtOne` is a model exported for a single item; `none` takes its
 * whole tensors as the item.
 */
export type BatchAxesProposal =
  | { readonly kind: 'candidates'; readonly candidates: readonly [BatchAxes, ...BatchAxes[]] }
  | { readonly kind: 'fixedAtOne'; readonly axes: BatchAxes }
  | { readonly kind: 'none'; readonly axes: BatchAxes; readonly reason: string };

/**
 * Reads the batch axis off a signature: the symbol that inputs and outputs share, else a free first dimension of
 * the inputs. A fixed first dimension of 1 in every input of rank 2 or more is a batch axis that holds one item.
 */
export function proposeBatchAxes(signature: Signature): BatchAxesProposal {
  if (isFixedAtOne(signature)) return { kind: 'fixedAtOne', axes: mapAxes(signature, fixedOneAxis) };
  const candidates = sharedSymbols(signature).map((symbol) =>
    mapAxes(signature, (spec, side) => axisOfSymbol(spec, symbol) ?? (side === 'outputs' ? freeFirstAxis(spec) : null)),
  );
  const byPosition = mapAxes(signature, freeFirstAxis);
  if (Object.values(byPosition.inputs).some((axis) => axis !== null)) candidates.push(byPosition);
  const [first, ...rest] = distinct(candidates);
  if (first === undefined) {
    return {
      kind: 'none',
      axes: mapAxes(signature, () => null),
      reason: 'no input has a free first dimension, and no free dimension is shared by inputs and outputs',
    };
  }
  return { kind: 'candidates', candidates: [first, ...rest] };
}

function mapAxes(signature: Signature, axisOf: (spec: TensorSpec, side: keyof Signature) => number | null): BatchAxes {
  const side = (name: keyof Signature) =>
    Object.fromEntries(signature[name].map((spec) => [spec.name, axisOf(spec, name)]));
  return { inputs: side('inputs'), outputs: side('outputs') };
}

function isFixedAtOne({ inputs }: Signature): boolean {
  const shaped = inputs.filter(({ shape }) => shape.length >= 2);
  return shaped.length > 0 && shaped.every(({ shape }) => shape[0] === 1);
}

function fixedOneAxis({ shape }: TensorSpec): number | null {
  return shape.length >= 2 && (shape[0] === 1 || typeof shape[0] === 'object') ? 0 : null;
}

function freeFirstAxis({ shape }: TensorSpec): number | null {
  return typeof shape[0] === 'object' ? 0 : null;
}

/**
 * Symbols in inputs and outputs alike. One that is called like a batch is the only one to look at; else the one that
 * stands nearest to the front comes first: exporters write the batch there when nobody says otherwise.
 */
function sharedSymbols({ inputs, outputs }: Signature): string[] {
  const inOutputs = new Set(outputs.flatMap(symbolsOf));
  const shared = [...new Set(inputs.flatMap(symbolsOf))].filter((symbol) => inOutputs.has(symbol));
  const rank = (symbol: string) => {
    const axes = [...inputs, ...outputs].flatMap((spec) => axisOfSymbol(spec, symbol) ?? []);
    return axes.reduce((sum, axis) => sum + axis, 0) / axes.length;
  };
  const named = shared.filter((symbol) => /batch|^n$/i.test(symbol));
  return (named.length > 0 ? named : shared).sort((a, b) => rank(a) - rank(b));
}

function symbolsOf({ shape }: TensorSpec): string[] {
  return shape.flatMap((size) => (typeof size === 'object' && size.symbol !== null ? [size.symbol] : []));
}

function axisOfSymbol({ shape }: TensorSpec, symbol: string): number | null {
  const axis = shape.findIndex((size) => typeof size === 'object' && size.symbol === symbol);
  return axis === -1 ? null : axis;
}

function distinct(candidates: readonly BatchAxes[]): BatchAxes[] {
  return [...new Map(candidates.map((axes) => [JSON.stringify(axes), axes])).values()];
}
