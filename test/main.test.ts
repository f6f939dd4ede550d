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
    for (const command of ['serve', 'health', 'predict', 'models', 'keys'])
      assert.match(stdout, new RegExp(`^ {2}${command}\\b`, 'm'));
    const serve = await run('serve', '--help');
    assert.equal(serve.code, 0);
    for (const option of ['models', 'host', 'port', 'grpc-port', 'config', 'keys', 'auth', 'log-level']) {
      assert.match(serve.stdout, new RegExp(`^ {2}--${option} <`, 'm'));
    }
    const predict = await run('predict', '--help');
    assert.equal(predict.code, 0);
    for (const option of ['file', 'url', 'local', 'models', 'model-version', 'timeout-ms', 'json', 'progress']) {
      assert.match(predict.stdout, new RegExp(`^ {2}(-f, )?--${option}\\b`, 'm'));
    }
    assert.match(predict.stdout, /^ {2}millrace predict penguins '\[45\.5, 17, 196, 3500\]'$/m);
  });

  const mistakes: Record<string, [args: string[], message: RegExp]> = {
    'an unknown option': [['serve', '--prot', '1'], /unknown option '--prot'[^]*Did you mean --port/],
    'an unknown command': [['sevre'], /unknown command 'sevre'[^]*Did you mean serve/],
    'an option without its value': [['serve', '--port'], /argument missing/],
    'an argument too many': [['serve', 'models'], /too many arguments/],
    'a server and --local': [
      ['predict', 'm', '1', '--local', '--url', 'http://a'],
      /--local.* cannot be used with .*--url/,
    ],
    'a server and a model folder': [
      ['predict', 'm', '1', '--models', 'd', '--url', 'http://a'],
      /--models.* cannot be used/,
    ],
    'a version that is none': [
      ['predict', 'm', '1', '--model-version', '0'],
      /Expected a whole number from 1, or an alias/,
    ],
    'no concurrency': [['predict', 'm', '1', '--concurrency', '0'], /Expected a whole number from 1 to 256/],
    'no model': [['predict'], /missing required argument 'model'/],
    'two words on who may use it': [['serve', '--auth', 'none', '--keys', 'k'], /'--auth <mode>' cannot be used with/],
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
