import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { type CommandOptions, runCommand, startCommand } from '../support/command-line.js';
import { affine, identity } from '../support/fixture-models.js';
import { keysFile, testKey } from '../support/keys.js';
import { createModelFolder, type ModelFolder } from '../support/model-folder.js';
import { bytes, endless, lines, sums } from '../support/pipeline-models.js';
import { startTestServer, type TestServer } from '../support/test-server.js';

let server: TestServer;
/** Where the commands run: files to send lie here. */
let folder: ModelFolder;

before(async () => {
  const models = {
    ...sums,
    ...bytes,
    ...lines,
    ...endless,
    'affine/1/model.onnx': affine(),
    'affine/2/model.onnx': affine(),
    'affine/model.yaml': 'versions: [1, 2]',
    'ids.onnx': identity('INT64', ['N', 2]),
    'broken/1/model.onnx': 'no model',
  };
  server = await startTestServer(models, { model_code: true });
  folder = await createModelFolder({
    'abc.bin': 'ABC',
    'empty.bin': '',
    'four.txt': '1 2 3 4',
    'latin.txt': Uint8Array.of(0x31, 0xe4),
    'four.json': '\ufeff[1, 2,\n 3, 4]\n',
    'broken.json': '{"x": [1, 2,\n 3, 4}\n',
  });
});
after(async () => {
  await server.stop();
  await folder.remove();
});

/** Runs `millrace predict` against the server. */
const predict = (args: string[], options: Partial<CommandOptions> = {}) =>
  runCommand(['predict', '--url', server.millrace.url, ...args], { cwd: folder.dir, ...options });

/** Runs it with --json; what is on standard output is parsed line by line. */
async function predictJson(args: string[], options: Partial<CommandOptions> = {}) {
  const { code, stdout, stderr } = await predict(['--json', ...args], options);
  const written = stdout.split('\n').slice(0, -1);
  return { code, stderr, answers: written.map((line) => JSON.parse(line) as Record<string, unknown>), written };
}

describe('one item', () => {
  it('is shown with the members of its output as rows, and how it went beside it', async () => {
    const { code, stdout, stderr } = await predict(['affine', '[1, 2, 3, 4.5]']);
    assert.deepEqual([code, stdout], [0, 'y  [3, 5, 7, 10]\n']);
    assert.match(stderr, /^affine, version 2: [\d.]+ ms, by itself\n$/);
  });

  it('is shown with all its labels as rows', async () => {
    const { code, stdout } = await predict(['bytes', '@abc.bin']);
    assert.equal(code, 0);
    const score = (byte: number) => (2 * (byte / 100) + 1).toFixed(4);
    assert.equal(
      stdout,
      [
        'label            score  place',
        String.raw`fo\u001b[31mur  1.0000  4`,
        `one             ${score(65)}  1`,
        `two             ${score(66)}  2`,
        `three           ${score(67)}  3`,
        '',
      ].join('\n'),
    );
  });

  it('is shown as the text that it is, without control characters', async () => {
    const { stdout } = await predict(['lines', '{"a": 1, "b": 2}']);
    assert.equal(stdout, 'keys:\n2\\u009b2J\n');
  });

  it('is one line of JSON, to the digit, for programs', async () => {
    const { code, stdout, stderr } = await predict(['ids', '--json', '[9007199254740991, -1]']);
    assert.deepEqual([code, stdout, stderr], [0, '{"y":[9007199254740991,-1]}\n', '']);
  });

  it('is asked of the version that is named', async () => {
    const { code, stdout, stderr } = await predict(['affine', '[1, 2, 3, 4]', '--model-version', '1']);
    assert.deepEqual([code, stdout], [0, 'y  [3, 5, 7, 9]\n']);
    assert.match(stderr, /^affine, version 1: /);
  });

  it('is given up when its time is over', async () => {
    const { code, answers } = await predictJson(['endless', 'text', '--timeout-ms', '50']);
    const [{ error } = {}] = answers as { error?: { code: string } }[];
    assert.deepEqual([code, error?.code], [1, 'DEADLINE_EXCEEDED']);
  });
});

describe('what an input means', () => {
  const same: Record<string, [args: string[], input?: string]> = {
    'a literal of JSON': [['affine', '[1,2,3,4]']],
    'a file of JSON': [['affine', '@four.json']],
    'standard input': [['affine', '-'], '[1,2,\n3,4]'],
    'a file by option': [['affine', '--file', 'four.json']],
  };
  for (const [what, [args, input]] of Object.entries(same)) {
    it(`${what}, for a model that takes tensors`, async () => {
      const { code, answers, stderr } = await predictJson(args, input === undefined ? {} : { input });
      assert.deepEqual([code, answers, stderr], [0, [{ y: [3, 5, 7, 9] }], '']);
    });
  }

  const texts: Record<string, [args: string[], input?: string]> = {
    'a literal': [['sums', '1 2 3 4']],
    'a literal in quotes of JSON': [['sums', '"1 2 3 4"']],
    'a file': [['sums', '@four.txt']],
    'standard input': [['sums', '-f', '-'], '1 2 3 4'],
  };
  for (const [what, [args, input]] of Object.entries(texts)) {
    it(`${what}, for a model that takes text`, async () => {
      const { answers } = await predictJson(args, input === undefined ? {} : { input });
      assert.deepEqual(answers, [{ sum: 24 }]);
    });
  }

  it('a text that looks like JSON is a text where the model takes nothing else', async () => {
    const { answers } = await predictJson(['sums', '12', 'true']);
    for (const { error } of answers as { error: { detail: string } }[]) {
      assert.equal(error.detail, 'These are not four numbers.');
    }
  });

  it('a literal of JSON, for a model that takes records', async () => {
    const { answers } = await predictJson(['lines', '[1,2,3]', '{}']);
    assert.deepEqual(answers, ['keys:\n3\u009b2J', 'keys:\n0\u009b2J']);
  });

  it('bytes of any kind, for a model that takes bytes', async () => {
    const all = Uint8Array.from({ length: 256 }, (_, byte) => 255 - byte);
    const { answers } = await predictJson(['bytes', '-', '{"base64":"/w=="}', 'data:,%41'], { input: all });
    const scores = answers.map((labels) => {
      const places = (labels as unknown as { place: number; score: number }[]).toSorted((a, b) => a.place - b.place);
      return places.map(({ score }) => Number(score.toFixed(2)));
    });
    assert.deepEqual(scores, [
      [6.1, 6.08, 6.06, 6.04],
      [6.1, 1, 1, 1],
      [2.3, 1, 1, 1],
    ]);
  });

  it('a literal that may be the name of a file is asked about, where the model takes files', async () => {
    const { code, stderr, stdout } = await predict(['bytes', 'abc.bin']);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /^millrace: The model takes files: .* @abc\.bin or --file abc\.bin\.\n$/);
  });
});

describe('an input that cannot be sent', () => {
  const faults: Record<string, [args: string[], message: string]> = {
    'a file that is no JSON': [
      ['affine', '@broken.json'],
      'broken.json: The model takes JSON, and this is none. At line 2, column 6: expected a comma or ]; got "}"',
    ],
    'a literal that begins like JSON': [
      ['affine', '[1, 2'],
      'The model takes JSON, and this is none. At line 1, column 6: expected a comma or ]; got the end',
    ],
    'a file that is no UTF-8': [
      ['sums', '@latin.txt'],
      'latin.txt: The model takes text or JSON in UTF-8, and these are other bytes.',
    ],
    'a file that is not there': [
      ['bytes', '@no\u0007.bin'],
      'no\\u0007.bin: It cannot be read: there is no such file.',
    ],
    'a folder': [['bytes', '-f', '.'], '.: It cannot be read: it is a folder.'],
  };
  for (const [what, [args, message]] of Object.entries(faults)) {
    it(`is named, with what is wrong: ${what}`, async () => {
      const { code, stdout, stderr } = await predict(args);
      assert.deepEqual([code, stdout, stderr], [1, '', `millrace: ${message}\n`]);
    });
  }

  it('is named in its line of JSON', async () => {
    const { code, answers } = await predictJson(['affine', '@broken.json']);
    assert.equal(code, 1);
    assert.deepEqual(answers, [
      {
        error: {
          code: 'INVALID_INPUT',
          detail: 'The model takes JSON, and this is none.',
          input: 'broken.json',
          path: 'line 2, column 6',
          expected: 'a comma or ]',
          got: '"}"',
        },
      },
    ]);
  });
});

describe('many items', () => {
  /** Fifty files, a text each, of which every tenth is wrong in one way or another. */
  async function fiftyFiles(t: TestContext) {
    const wrong: Record<number, Uint8Array | string | undefined> = {
      7: 'seven',
      17: Uint8Array.of(0xff),
      27: undefined,
      37: '1 2 3',
      47: '',
    };
    const names = Array.from({ length: 50 }, (_, index) => `file ${String(index).padStart(2, '0')}.txt`);
    const contents = names.map((name, index) => [name, index in wrong ? wrong[index] : `1 2 3 ${index}`] as const);
    const there = contents.filter((entry): entry is [string, Uint8Array | string] => entry[1] !== undefined);
    const { dir, remove } = await createModelFolder(Object.fromEntries(there));
    t.after(remove);
    /** y = 2x + 1 for each of four numbers, added up. */
    const expected = names.map((_, index) => (index in wrong ? undefined : { sum: 2 * (1 + 2 + 3 + index) + 4 }));
    return { names, expected, cwd: dir, wrong: Object.keys(wrong).map(Number) };
  }

  it('come in their order as lines of JSON, those that failed among them', async (t) => {
    const { names, expected, cwd, wrong } = await fiftyFiles(t);
    const { code, answers, stderr } = await predictJson(['sums', '--file', ...names], { cwd });
    assert.deepEqual([code, stderr], [1, '']);
    assert.deepEqual(
      answers.map((answer) => ('error' in answer ? undefined : answer)),
      expected,
    );
    const errors = wrong.map((index) => answers[index]?.['error'] as Record<string, unknown>);
    assert.deepEqual(
      errors.map(({ code, status, input }) => [code, status, input]),
      [
        ['INVALID_INPUT', 400, undefined],
        ['INVALID_INPUT', undefined, 'file 17.txt'],
        ['INVALID_INPUT', undefined, 'file 27.txt'],
        ['INVALID_INPUT', 400, undefined],
        ['INVALID_INPUT', 400, undefined],
      ],
    );
    assert.match(String(errors[0]?.['request_id']), /./);
  });

  it('are rows of a table, and what is wrong is said beside it', async (t) => {
    const { names, expected, cwd, wrong } = await fiftyFiles(t);
    const { code, stdout, stderr } = await predict(['sums', '--concurrency', '3', '--file', ...names], { cwd });
    assert.equal(code, 1);
    const [head, ...rows] = stdout.trimEnd().split('\n');
    assert.equal(head, 'file         output');
    assert.deepEqual(
      rows,
      names.map((name, index) => {
        const output = expected[index];
        return `${name}  ${output === undefined ? 'failed: INVALID_INPUT' : `{"sum": ${output.sum}}`}`;
      }),
    );
    const said = stderr.trimEnd().split('\n');
    assert.deepEqual(
      said.slice(0, -1).map((line) => /^millrace: (file \d+\.txt): ./.exec(line)?.[1]),
      wrong.map((index) => names[index]),
    );
    assert.match(String(said.at(-1)), /^50 items in [\d.]+ m?s, [\d.]+ in a batch on average; 5 failed$/);
  });

  it('show the best label of each', async () => {
    const { code, stdout } = await predict(['bytes', '-f', 'abc.bin', 'empty.bin']);
    assert.equal(code, 1);
    assert.deepEqual(stdout.split('\n'), [
      'file       label                   score  place',
      'abc.bin    three                  2.3400  3',
      'empty.bin  failed: INVALID_INPUT',
      '',
    ]);
  });

  it('may be literals and files, in this order', async () => {
    const { stdout } = await predict(['sums', '--file', 'four.txt', '--', '1 1 1 1', '@four.txt']);
    assert.deepEqual(stdout.split('\n').slice(0, 4), [
      'input     output',
      '1 1 1 1   {"sum": 12}',
      'four.txt  {"sum": 24}',
      'four.txt  {"sum": 24}',
    ]);
  });

  it('say how far they are, if that is asked for', async () => {
    const files = Array<string>(25).fill('four.txt');
    const quiet = await predict(['sums', '--json', '--file', ...files]);
    assert.equal(quiet.stderr, '');
    const { stderr } = await predict(['sums', '--json', '--progress', '--file', ...files]);
    const said = [3, 6, 9, 12, 15, 18, 21, 24, 25].map((done) => `${done} of 25\n`);
    assert.equal(stderr, said.join(''));
  });
});

describe('a model that cannot be asked', () => {
  it('is unknown: the server says which names are near', async () => {
    const { code, stdout, stderr } = await predict(['afine', '1', '--json']);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /^millrace: There is no model of this name\. Did you mean affine\?.*\n$/);
  });

  it('is unavailable, or has no such version', async () => {
    assert.match((await predict(['broken', '1'])).stderr, /^millrace: Model broken is unavailable: .+\n$/);
    const { code, stderr } = await predict(['affine', '1', '--model-version', '3']);
    assert.deepEqual([code, stderr], [1, 'millrace: Model affine does not serve version 3; it serves 1, 2.\n']);
  });
});

describe('a server that cannot be asked', () => {
  /** A server that is not millrace. */
  async function otherServer(t: TestContext, answer: RequestListener) {
    const other = createServer(answer).listen(0, '127.0.0.1');
    t.after(() => other.close());
    await once(other, 'listening');
    return `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  }

  const ask = (args: string[], env: Record<string, string> = {}) =>
    runCommand(['predict', 'affine', '[1,2,3,4]', ...args], { cwd: folder.dir, env });

  it('is not there: that is said in one line, with what to do', async () => {
    const gone = createServer().listen(0, '127.0.0.1');
    await once(gone, 'listening');
    const url = `http://127.0.0.1:${(gone.address() as AddressInfo).port}`;
    gone.close();
    await once(gone, 'close');
    const { code, stdout, stderr } = await ask(['--url', url, '--json']);
    assert.deepEqual([code, stdout], [1, '']);
    assert.equal(
      stderr,
      `millrace: cannot reach a server at ${url} (nothing listens there); start one with \`millrace serve\`, or add --local to load the model here\n`,
    );
  });

  it('is named by MILLRACE_URL, unless --url names another', async () => {
    const env = { MILLRACE_URL: server.millrace.url };
    assert.equal((await ask([], env)).code, 0);
    assert.equal((await ask(['--url', `${server.millrace.url}/`], { MILLRACE_URL: 'nonsense' })).code, 0);
    const { code, stderr } = await ask([], { MILLRACE_URL: 'nonsense' });
    assert.equal(code, 2);
    assert.match(stderr, /^millrace: MILLRACE_URL: expected an address such as .*; got "nonsense"\n$/);
  });

  it('is another kind of server', async (t) => {
    const url = await otherServer(t, (_, response) => {
      response.writeHead(200, { 'content-type': 'text/x\u0085' }).end('<html>');
    });
    const { code, stderr } = await ask(['--url', url]);
    const text = `millrace: ${url} does not answer like a millrace server: with 200 and text/x\\u0085\n`;
    assert.deepEqual([code, stderr], [1, text]);
  });

  it('leaves in the middle of an answer', async (t) => {
    const description = JSON.stringify((await server.get('/models/affine')).body);
    const url = await otherServer(t, (request, response) => {
      if (request.method === 'GET') response.end(description);
      else request.socket.destroy();
    });
    const { code, stdout, stderr } = await ask(['[2,2,2,2]', '--url', url, '--json']);
    assert.deepEqual([code, stderr], [1, '']);
    const codes = stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { error: { code: string } }).error.code);
    assert.deepEqual(codes, ['SERVER_UNREACHABLE', 'SERVER_UNREACHABLE']);
  });
});

describe('standard output', () => {
  it('may be closed by whoever reads it: the command ends by a signal, without a word', async () => {
    const url = server.millrace.url;
    const command = startCommand(['predict', 'sums', '--url', url, '1 2 3 4', '5 6 7 8', '--json'], {
      cwd: folder.dir,
    });
    command.process.stdout?.destroy();
    assert.deepEqual(await command.exit, { code: null, signal: 'SIGTERM' });
    assert.equal(command.stderr(), '');
  });
});

describe('a command line that is wrong', () => {
  const mistakes: Record<string, [args: string[], message: RegExp]> = {
    'no input': [['affine'], /^millrace: there is nothing to predict: .* --file .*\n$/],
    'standard input twice': [['affine', '-', '--file', '-'], /^millrace: standard input can be read only once\n$/],
    'a file without a name': [['affine', '@'], /^millrace: a file without a name: .*\n$/],
  };
  for (const [what, [args, message]] of Object.entries(mistakes)) {
    it(`ends with 2: ${what}`, async () => {
      const { code, stdout, stderr } = await predict(args);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, message);
    });
  }
});

describe('a server that asks for a key', () => {
  it('is sent that of MILLRACE_API_KEY', async (t) => {
    const key = testKey('reader', { scopes: ['infer'] });
    const keys = await createModelFolder({ 'keys.yaml': keysFile(key) });
    t.after(() => keys.remove());
    const auth = { keys_file: join(keys.dir, 'keys.yaml') };
    const guarded = await startTestServer({ 'affine.onnx': affine() }, { auth });
    t.after(() => guarded.stop());
    const ask = (env: Readonly<Record<string, string>>) => {
      const args = ['predict', '--url', guarded.millrace.url, '--json', 'affine', '[1, 2, 3, 4.5]'];
      return runCommand(args, { cwd: folder.dir, env });
    };
    const [withKey, without, wrong] = [
      await ask({ MILLRACE_API_KEY: key.key }),
      await ask({}),
      await ask({ MILLRACE_API_KEY: 'two words' }),
    ];
    assert.deepEqual([withKey.code, withKey.stdout], [0, '{"y":[3,5,7,10]}\n']);
    assert.equal(without.code, 1);
    assert.match(without.stdout + without.stderr, /UNAUTHORIZED|key/);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /MILLRACE_API_KEY: expected a key/);
  });
});
