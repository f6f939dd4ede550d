import type { ImportGraph } from './import-graph.js';

/*
 * The rules for imports between source files, as pure functions over the import graph. Each gives what breaks it, a
 * line each.
 */

/** The layers from below, each with its parts: a folder, or files by the beginning of their names. */
const layers: readonly (readonly string[])[] = [
  ['core', 'version'],
  ['tensor'],
  ['model'],
  ['runtime', 'repository'],
  ['batching', 'pipelines'],
  ['serving'],
  ['jobs', 'workflows'],
  ['v2'],
  ['http', 'grpc', 'observe'],
  ['config'],
  ['millrace-server'],
  ['server'],
  ['main'],
];

/** Files and folders that belong to a part of another name: settings are one part, and so is the command line. */
const partOf: Readonly<Record<string, string>> = { 'config-sources': 'config', cli: 'main' };

/** Where each package may be imported: a folder, or one file. */
const doors: Readonly<Record<string, string>> = {
  '@fastify/busboy': 'http/',
  '@grpc/grpc-js': 'grpc/',
  '@petamoriken/float16': 'tensor/half-float.ts',
  'cli-table3': 'cli/',
  commander: 'cli/',
  express: 'http/',
  icc: 'pipelines/steps/',
  leven: 'core/near-names.ts',
  'onnxruntime-node': 'runtime/',
  'p-queue': 'jobs/',
  pino: 'observe/',
  'prom-client': 'observe/',
  protobufjs: 'grpc/',
  sharp: 'pipelines/steps/',
  yaml: 'core/yaml-document.ts',
};
const freePackages: readonly string[] = ['zod'];

const vagueName = /^(?:utils|helpers|common|types|misc)$/;

/** Imports that lead upwards, or to another part of the same layer. */
export function wrongDirections(graph: ImportGraph): string[] {
  return fileImports(graph).flatMap(([from, to]) => {
    const [importer, imported] = [partNamed(from), partNamed(to)];
    if (importer === imported) return [];
    const [high, low] = [layerOf(importer), layerOf(imported)];
    if (high === -1) return [`${from} lies in no layer`];
    if (low === -1) return [`${from} imports ${to}, which lies in no layer`];
    if (high < low) return [`${from} (layer ${high}) imports upwards: ${to} (layer ${low})`];
    return high === low ? [`${from} imports its sibling ${to} (both layer ${high})`] : [];
  });
}

/** Files that import each other, over however many others; each cycle once. */
export function cycles(graph: ImportGraph): string[] {
  const finished = new Set<string>();
  const found: string[] = [];
  const visit = (file: string, path: readonly string[]) => {
    const start = path.indexOf(file);
    if (start >= 0) found.push([...path.slice(start), file].join(' → '));
    if (start >= 0 || finished.has(file)) return;
    for (const imported of graph.get(file) ?? []) visit(imported, [...path, file]);
    finished.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return found;
}

/** Packages imported anywhere but at their door, and packages that have none. */
export function wrongDoors(graph: ImportGraph): string[] {
  return imports(graph).flatMap(([from, name]) => {
    if (isFile(name) || name.startsWith('node:') || freePackages.includes(name)) return [];
    const door = Object.hasOwn(doors, name) ? doors[name] : undefined;
    if (door === undefined) return [`${from} imports ${name}, which has no door`];
    return from === door || (door.endsWith('/') && from.startsWith(door))
      ? []
      : [`${from} imports ${name}, which belongs behind ${door}`];
  });
}

/** Files and folders whose names say nothing of what is in them. */
export function vagueNames(graph: ImportGraph): string[] {
  return [...graph.keys()].filter((file) =>
    file
      .replace(/\.ts$/, '')
      .split('/')
      .some((name) => vagueName.test(name)),
  );
}

function imports(graph: ImportGraph): [from: string, to: string][] {
  return [...graph].flatMap(([from, all]) => all.map((to): [string, string] => [from, to]));
}

function fileImports(graph: ImportGraph): [from: string, to: string][] {
  return imports(graph).filter(([, to]) => isFile(to));
}

function isFile(imported: string): boolean {
  return imported.endsWith('.ts');
}

function partNamed(file: string): string {
  const [first = ''] = file.replace(/\.ts$/, '').split('/');
  return Object.hasOwn(partOf, first) ? (partOf[first] as string) : first;
}

function layerOf(part: string): number {
  return layers.findIndex((parts) => parts.includes(part));
}
