import { readdir, readFile } from 'node:fs/promises';
import { join, posix, sep } from 'node:path';

/**
 * What each source file imports: files by their path below the source folder with `/`, such as `core/errors.ts`, and
 * packages by their name, such as `zod` or `node:fs`.
 */
export type ImportGraph = ReadonlyMap<string, readonly string[]>;

/** `import … from`, `export … from` and bare imports; types are imports like all others. */
const STATEMENT = /^\s*(?:import|export)\b(?:[^'"`;]*?\bfrom)?\s*(['"])(?<specifier>[^'"]+)\1/gm;
/** `import('…')`, also as a type. */
const EXPRESSION = /\bimport\(\s*(['"])(?<specifier>[^'"]+)\1/g;

/** Reads the import graph of all TypeScript files below a folder. */
export async function readImportGraph(folder: string): Promise<ImportGraph> {
  const entries = await readdir(folder, { recursive: true });
  const files = entries.filter((path) => path.endsWith('.ts')).map((path) => path.replaceAll(sep, '/'));
  const read = async (file: string) => [file, importsOf(file, await readFile(join(folder, file), 'utf8'))] as const;
  return new Map(await Promise.all(files.toSorted().map(read)));
}

/** What one file imports, each once, given its path below the source folder and its text. */
export function importsOf(file: string, text: string): string[] {
  const matches = [...text.matchAll(STATEMENT), ...text.matchAll(EXPRESSION)];
  return [...new Set(matches.map(({ groups }) => resolve(file, groups?.['specifier'] as string)))];
}

function resolve(file: string, specifier: string): string {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(file), specifier).replace(/\.js$/, '.ts');
  if (specifier.startsWith('node:')) return specifier;
  // A package's name has two parts behind an @, else one; what follows is a path inside it.
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
