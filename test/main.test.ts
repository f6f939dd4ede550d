import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { version } from '#src/version.js';
import { runCommand } from './support/command-line.js';
import { createModelFolder, type ModelFolder } from './support/model-folder.js';

let folder: ModelFolder;

before(async () => {
  folder = await createModelFolder();
});
after(() => folder.remove());

const run = (...args: string[]) => runCommand(args, { cwd: folder.dir });

describe('millrace', () => {
  it('--version prints the version', async () => {
    assert.deepEqual(await run('--version'), { code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('--help prints the commands, and their options for each', async () => {
    const { code, stdout } = await run('--help');
    assert.equal(code, 0);
    assert.match(stdout, /^Usage: millrace /);
    for (const command of ['serve', 'health', 'models']) assert.match(stdout, new RegExp(`^ {2}${command}\\b`, 'm'));
    const serve = await run('serve', '--help');
    assert.equal(serve.code, 0);
    for (const option of ['models', 'host', 'port', 'config', 'auth', 'log-level']) {
      assert.match(serve.stdout, new RegExp(`^ {2}--${option} <`, 'm'));
    }
  });

  const mistakes: Record<string, [args: string[], message: RegExp]> = {
    'an unknown option': [['serve', '--prot', '1'], /unknown option '--prot'[^]*Did you mean --port/],
    'an unknown command': [['sevre'], /unknown command 'sevre'[^]*Did you mean serve/],
    'an option without its value': [['serve', '--port'], /argument missing/],
    'an argument too many': [['serve', 'health', 'models'], /too many arguments/],
    'a log level that is none': [['serve', '--log-level', 'loud'], /silent, fatal, error, warn, info, debug, trace/],
  };
  for (const [what, [args, message]] of Object.entries(mistakes)) {
    it(`ends with 2 and points to --help after ${what}`, async () => {
      const { code, stdout, stderr } = await run(...args);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, message);
      assert.match(stderr, /--help/);
    });
  }

  it('without a command prints its help and ends with 2', async () => {
    const { code, stderr } = await run();
    assert.equal(code, 2);
    assert.match(stderr, /^Usage: millrace /);
  });
});
