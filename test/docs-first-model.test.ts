import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createServer } from '#src/server.js';
import { projectFile } from './support/bundled-model.js';
import { startCommand } from './support/command-line.js';
import { type Block, blocksOf, curlExamples, withoutTimings } from './support/documented-examples.js';
import { createModelFolder } from './support/model-folder.js';

const page = await readFile(projectFile('docs', 'first-model.md'), 'utf8');

/** What the tutorial's program in Python writes: with scikit-learn 1.9.1 and skl2onnx 1.20.0. */
const model = await readFile(projectFile('test', 'reference', 'iris.onnx'));
const labels = '["setosa", "versicolor", "virginica"]';

/** The commands of millrace in a block of the console, with what each of them prints. */
function sessionsIn({ language, text }: Block): { args: string[]; output: string }[] {
  if (language !== 'console') return [];
  return [...text.matchAll(/^\$ npx millrace (.*)\n((?:[^$].*\n?)*)/gm)].map(([, line = '', output = '']) => ({
    args: [...line.matchAll(/'([^']*)'|\S+/g)].map(([word, quoted]) => quoted ?? word),
    output: output.trimEnd(),
  }));
}

/** Serves these models while `use` is at work. */
async function withServer<T>(models: string, use: (origin: string) => Promise<T>): Promise<T> {
  const millrace = await createServer({ models, port: 0, log: { level: 'silent' }, shutdown: { grace_ms: 0 } });
  try {
    await millrace.loaded;
    return await use(await millrace.listen());
  } finally {
    await millrace.close();
  }
}

describe('docs/first-model.md', () => {
  it('prints what the commands print and the server answers, from step to step', async (t) => {
    const files = { 'iris/models/iris/model.onnx': model, 'iris/models/iris/labels.json': labels };
    const folder = await createModelFolder({ 'millrace/.clone': '', ...files });
    t.after(() => folder.remove());
    const blocks = blocksOf(page);
    // Before there is a model.yaml, with the wrong one, with the right one.
    const stages = [0, ...blocks.flatMap(({ language }, index) => (language === 'yaml' ? [index] : []))];
    assert.equal(stages.length, 3);
    const seen = { commands: 0, requests: 0 };
    for (const [stage, start] of stages.entries()) {
      const part = blocks.slice(start, stages[stage + 1]);
      if (part[0]?.language === 'yaml') await folder.write({ 'iris/models/iris/model.yaml': part[0].text });
      for (const { args, output } of part.flatMap(sessionsIn)) {
        const command = startCommand(args, { cwd: join(folder.dir, 'millrace') });
        await command.exit;
        assert.equal(command.stdout().trimEnd(), output, command.stderr());
        seen.commands += 1;
      }
      await withServer(join(folder.dir, 'iris/models'), async (origin) => {
        for (const { path, headers, body, answer } of await curlExamples(part)) {
          const response = await fetch(origin + path, { method: 'POST', headers, body });
          assert.deepEqual(withoutTimings(await response.json()), withoutTimings(answer), String(body));
          seen.requests += 1;
        }
      });
    }
    assert.deepEqual(seen, { commands: 4, requests: 4 });
  });

  it('serves two versions that lie as it says', async (t) => {
    const pipeline = blocksOf(page).findLast(({ language }) => language === 'yaml')?.text;
    const [, versions] = /`(versions: [^`]+)`/.exec(page) ?? [];
    const [, path] = /`(\/models\/iris\/versions\/1\/predict)`/.exec(page) ?? [];
    const config = { 'iris/model.yaml': `${pipeline}\n${versions}\n`, 'iris/labels.json': labels };
    const folder = await createModelFolder({ 'iris/1/model.onnx': model, 'iris/2/model.onnx': model, ...config });
    t.after(() => folder.remove());
    const answered = await withServer(folder.dir, async (origin) => {
      const ask = async (path: string | undefined) => {
        const headers = { 'content-type': 'application/json' };
        const response = await fetch(`${origin}${path}`, {
          method: 'POST',
          headers,
          body: '{"input":[6.1,2.8,4.7,1.2]}',
        });
        return ((await response.json()) as { version: unknown }).version;
      };
      return [await ask('/models/iris/predict'), await ask(path)];
    });
    assert.deepEqual(answered, ['2', '1']);
  });
});
