import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readImportGraph } from './support/import-graph.js';
import { cycles, vagueNames, wrongDirections, wrongDoors } from './support/layer-rules.js';

// From build/test, where this file runs.
const graph = await readImportGraph(fileURLToPath(new URL('../../src', import.meta.url)));

describe('the source files', () => {
  it('are read with their imports', () => {
    assert.ok(graph.size > 50, `only ${graph.size} files`);
    assert.ok(graph.get('cli/program.ts')?.includes('core/errors.ts'));
    assert.ok(graph.get('core/zod-issues.ts')?.includes('zod'), 'an import of a type');
    assert.ok(graph.get('runtime/onnx-session.ts')?.includes('onnxruntime-node'));
  });

  it('import only files that are there', () => {
    const missing = [...graph].flatMap(([from, imports]) =>
      imports.filter((to) => to.endsWith('.ts') && !graph.has(to)).map((to) => `${from} imports ${to}`),
    );
    assert.deepEqual(missing, []);
  });

  it('import only downwards, and no siblings', () => assert.deepEqual(wrongDirections(graph), []));

  it('import each other in no cycle', () => assert.deepEqual(cycles(graph), []));

  it('import each package behind its one door', () => assert.deepEqual(wrongDoors(graph), []));

  it('have names that say what is in them', () => assert.deepEqual(vagueNames(graph), []));
});
