// The loader that scripts/mutants/load-mutant.mjs registers.
import { readFileSync } from 'node:fs';

let mutant;

export function initialize(data) {
  mutant = data;
}

export function load(url, context, nextLoad) {
  if (url !== mutant.url) return nextLoad(url, context);
  return { format: 'module', shortCircuit: true, source: readFileSync(mutant.textFile, 'utf8') };
}
