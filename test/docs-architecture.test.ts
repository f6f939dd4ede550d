import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { projectFile } from './support/bundled-model.js';
import { blocksOf } from './support/documented-examples.js';

const page = readFileSync(projectFile('docs', 'ARCHITECTURE.md'), 'utf8');

describe('docs/ARCHITECTURE.md', () => {
  it('names files that there are, of the project or of src', () => {
    const names = [...page.matchAll(/`([\w./-]+\.ts)`/g)].map(([, name]) => name as string);
    assert.ok(names.length > 50, `${names.length} names`);
    const missing = names.filter((name) => ![projectFile(name), projectFile('src', name)].some(existsSync));
    assert.deepEqual(missing, []);
  });

  it('shows a layer for each folder of src', () => {
    const shown = blocksOf(page).find(({ text }) => /^ 0 core\b/m.test(text))?.text ?? '';
    const folders = readdirSync(projectFile('src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    assert.ok(folders.length > 8);
    const missing = folders.filter(({ name }) => !new RegExp(`^ *\\d+ (?:.* )?${name}\\b`, 'm').test(shown));
    assert.deepEqual(missing, []);
  });

  it('names classes that the sources have, in its drawings', () => {
    const drawings = blocksOf(page).slice(0, 2);
    const names = new Set(drawings.flatMap(({ text }) => text.match(/\b[A-Z][a-z]+(?:[A-Z][a-z]+)+\b/g) ?? []));
    assert.ok(names.size > 10, [...names].join());
    const sources = readdirSync(projectFile('src'), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .map((path) => readFileSync(join(projectFile('src'), path), 'utf8'))
      .join('\n');
    const missing = [...names].filter((name) => !new RegExp(`\\b(?:class|interface) ${name}\\b`).test(sources));
    assert.deepEqual(missing, []);
  });
});
