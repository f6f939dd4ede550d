import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ImportGraph, importsOf } from './import-graph.js';
import { cycles, vagueNames, wrongDirections, wrongDoors } from './layer-rules.js';

function graph(files: Record<string, string[]>): ImportGraph {
  return new Map(Object.entries(files));
}

/** A made-up project that keeps every rule. */
const sound = {
  'core/errors.ts': ['node:util'],
  'core/near-names.ts': ['leven'],
  'tensor/tensor.ts': ['core/errors.ts'],
  'runtime/session.ts': ['onnxruntime-node', 'tensor/tensor.ts', 'runtime/options.ts'],
  'runtime/options.ts': ['zod'],
  'http/routes/models.ts': ['http/app.ts', 'runtime/options.ts'],
  'http/app.ts': ['express', 'core/errors.ts'],
  'observe/logger.ts': ['pino', 'core/errors.ts'],
  'config.ts': ['http/app.ts', 'zod'],
  'config-sources.ts': ['config.ts'],
  'server.ts': ['config.ts', 'http/app.ts', 'observe/logger.ts', 'version.ts'],
  'version.ts': ['node:fs'],
  'cli/serve.ts': ['server.ts', 'config-sources.ts', 'commander'],
  'main.ts': ['cli/serve.ts'],
};

/** The sound project with one file changed. */
const broken = (files: Record<string, string[]>): ImportGraph => graph({ ...sound, ...files });

describe('the layer rules', () => {
  it('find nothing in a sound project', () => {
    for (const rule of [wrongDirections, cycles, wrongDoors, vagueNames]) assert.deepEqual(rule(graph(sound)), []);
  });

  it('catch an import that leads upwards', () => {
    assert.deepEqual(wrongDirections(broken({ 'core/errors.ts': ['tensor/tensor.ts'] })), [
      'core/errors.ts (layer 0) imports upwards: tensor/tensor.ts (layer 1)',
    ]);
    assert.deepEqual(wrongDirections(broken({ 'http/app.ts': ['config.ts'] })), [
      'http/app.ts (layer 8) imports upwards: config.ts (layer 9)',
    ]);
    assert.equal(wrongDirections(broken({ 'server.ts': ['cli/serve.ts'] })).length, 1);
  });

  it('catch an import of observe from anything below it', () => {
    for (const part of ['core', 'tensor', 'model', 'runtime', 'repository', 'batching', 'serving', 'jobs']) {
      const found = wrongDirections(broken({ [`${part}/x.ts`]: ['observe/logger.ts'] }));
      assert.deepEqual(found.length, 1, part);
    }
  });

  it('catch an import between siblings', () => {
    const pairs = [
      ['http', 'observe'],
      ['repository', 'runtime'],
      ['pipelines', 'batching'],
      ['workflows', 'jobs'],
      ['core', 'version'],
    ];
    for (const [a, b] of pairs) {
      const found = wrongDirections(graph({ [`${a}/x.ts`]: [`${b}/y.ts`], [`${b}/y.ts`]: [] }));
      assert.match(found.join('\n'), /^\S+ imports its sibling \S+ \(both layer \d\)$/);
    }
  });

  it('catch a file or an import that lies in no layer', () => {
    assert.match(wrongDirections(broken({ 'plugins/x.ts': ['core/errors.ts'] })).join(), /^plugins\/x\.ts lies in no/);
    assert.match(wrongDirections(broken({ 'http/app.ts': ['../scripts/x.ts'] })).join(), /scripts.* lies in no layer/);
  });

  it('catch cycles, however long, also inside one folder', () => {
    assert.deepEqual(cycles(graph({ 'core/a.ts': ['core/b.ts'], 'core/b.ts': ['core/a.ts'] })), [
      'core/a.ts → core/b.ts → core/a.ts',
    ]);
    assert.deepEqual(
      cycles(graph({ 'a.ts': ['b.ts', 'c.ts'], 'b.ts': ['c.ts'], 'c.ts': ['d.ts'], 'd.ts': ['b.ts'] })),
      ['b.ts → c.ts → d.ts → b.ts'],
    );
    assert.deepEqual(cycles(graph({ 'a.ts': ['a.ts'] })), ['a.ts → a.ts']);
    assert.deepEqual(cycles(graph({ 'a.ts': ['b.ts', 'c.ts'], 'b.ts': ['d.ts'], 'c.ts': ['d.ts'], 'd.ts': [] })), []);
  });

  it('catch a package anywhere but at its door, and one that has none', () => {
    assert.deepEqual(wrongDoors(broken({ 'server.ts': ['express'] })), [
      'server.ts imports express, which belongs behind http/',
    ]);
    assert.deepEqual(wrongDoors(broken({ 'core/near-names-2.ts': ['leven'] })), [
      'core/near-names-2.ts imports leven, which belongs behind core/near-names.ts',
    ]);
    assert.equal(wrongDoors(broken({ 'httpx/app.ts': ['express'] })).length, 1);
    for (const name of ['lodash', 'fs', '#src', 'constructor']) {
      assert.deepEqual(wrongDoors(broken({ 'core/x.ts': [name] })), [`core/x.ts imports ${name}, which has no door`]);
    }
  });

  it('catch names that say nothing, of files and of folders', () => {
    const files = {
      'core/utils.ts': [],
      'http/types.ts': [],
      'jobs/helpers/x.ts': [],
      'misc.ts': [],
      'core/common.ts': [],
    };
    assert.deepEqual(vagueNames(broken(files)), Object.keys(files));
    assert.deepEqual(vagueNames(broken({ 'core/datatypes.ts': [], 'core/common-words.ts': [] })), []);
  });
});

describe('importsOf', () => {
  it('finds every form of an import, types included', () => {
    const text = `
      import 'bare';
      import fs from 'node:fs';
      import type { A } from './a.js';
      import { type B, b } from "../core/b.js";
      import * as c from './c.js';
      import {
        d1,
        type d2,
      } from './d.js';
      export { e } from './e.js';
      export type { F } from './f.js';
      export * from './g.js';
      const h = await import('./h.js');
      type I = import('./i.js').I;
      import again from './a.js';
    `;
    const files = ['http/a.ts', 'core/b.ts', ...['c', 'd', 'e', 'f', 'g', 'h', 'i'].map((name) => `http/${name}.ts`)];
    assert.deepEqual(importsOf('http/x.ts', text).toSorted(), ['bare', 'node:fs', ...files].toSorted());
  });

  it('calls a package by its name alone', () => {
    const text = "import a from '@scope/name/sub/path.js';\nimport b from 'name/sub';\n";
    assert.deepEqual(importsOf('x.ts', text), ['@scope/name', 'name']);
  });

  it('takes nothing else for an import', () => {
    const text = `
      // import a from './a.js';
      /* import b from './b.js'; */
      export const from = './c.js';
      export function d(from: string) { return from + './d.js'; }
      const url = new URL('./e.js', import.meta.url);
    `;
    assert.deepEqual(importsOf('x.ts', text), []);
  });
});
