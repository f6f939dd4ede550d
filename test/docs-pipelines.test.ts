import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import { readYaml } from '#src/core/yaml-document.js';
import { loadObserver } from '#src/observe/own-observer.js';
import { loadStep, ownStepKind } from '#src/pipelines/own-step.js';
import { pipelineSchema } from '#src/pipelines/pipeline-config.js';
import { findStepKind } from '#src/pipelines/step-catalogue.js';
import { isOwnStep, readSteps } from '#src/pipelines/written-step.js';
import { projectFile } from './support/bundled-model.js';
import { createModelFolder } from './support/model-folder.js';
import { fakeContext } from './support/steps.js';

/** The code blocks of a page in one language. */
function blocks(page: string, language: string): string[] {
  const text = readFileSync(projectFile('docs', page), 'utf8');
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)\n\`\`\`$`, 'gms'))].map(
    ([, block]) => block as string,
  );
}

/** The URL of a module with this text, until the test is over. */
async function moduleOf(t: TestContext, text: string | undefined): Promise<string> {
  const folder = await createModelFolder({ 'example.mjs': text ?? assert.fail('the page has no such block') });
  t.after(() => folder.remove());
  return join(folder.dir, 'example.mjs');
}

describe('docs/pipelines.md', () => {
  it('shows pipelines of steps that there are, with options that they take', () => {
    const pipelines = blocks('pipelines.md', 'yaml').filter((text) => text.startsWith('pipeline:'));
    assert.ok(pipelines.length >= 4, `${pipelines.length} pipelines`);
    for (const text of pipelines) {
      const { pipeline } = readYaml(text) as { pipeline: unknown };
      const { preprocess, postprocess } = pipelineSchema.parse(pipeline);
      for (const step of [...readSteps(preprocess, 'preprocess'), ...readSteps(postprocess, 'postprocess')]) {
        if (isOwnStep(step)) continue;
        const { options, shorthand } = findStepKind(step.name);
        const isMapping = typeof step.options === 'object' && !Array.isArray(step.options);
        const written =
          step.options === undefined ? {} : isMapping ? step.options : { [shorthand ?? '']: step.options };
        assert.ok(options.safeParse(written).success, `${step.name}: ${JSON.stringify(step.options)}`);
      }
    }
  });

  it('shows a step of one’s own that works', async (t) => {
    const url = pathToFileURL(await moduleOf(t, blocks('pipelines.md', 'js')[0])).href;
    const kind = ownStepKind('strip-markup.mjs', await loadStep('strip-markup.mjs', url));
    const step = await kind.resolve({ keep: ' ' }, { kind: 'text' }, fakeContext());
    assert.equal(await step.run('<b>fine</b>'), ' fine ');
    await assert.rejects(async () => step.run('x'.repeat(100_001)), { code: 'INVALID_INPUT' });
  });
});

describe('docs/observers.md', () => {
  it('shows an observer that is taken', async (t) => {
    const file = await moduleOf(t, blocks('observers.md', 'js')[0]);
    const { name, on } = await loadObserver({ file, options: { limitMs: 5 } }, 'observers[0]');
    assert.deepEqual([name, Object.keys(on)], ['slow-jobs', ['jobSettled']]);
  });
});
