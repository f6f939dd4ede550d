import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { childEnvironment } from '#src/runtime/child-environment.js';
import { OutputLines } from '#src/runtime/output-lines.js';
import { canLimitResources, limitedCommand } from '#src/runtime/resource-limits.js';

describe('limitedCommand', () => {
  it('says that a limit does not hold where nothing can set it, and runs the command as it is', () => {
    const { command, notice } = limitedCommand(['node', 'x.js'], 1_000, false);
    assert.deepEqual(command, ['node', 'x.js']);
    assert.match(notice ?? '', /memory limit of 1000 bytes does not hold: prlimit/);
    assert.deepEqual(limitedCommand(['node'], undefined, false), { command: ['node'], notice: undefined });
  });

  it('sets the limits on the command itself, where this system can', (t) => {
    if (!canLimitResources()) return t.skip('there is no prlimit');
    const { command, notice } = limitedCommand(['cat', '/proc/self/limits'], 512 * 1024 * 1024, true);
    const [program, ...args] = command;
    const limits = execFileSync(program, args, { encoding: 'utf8' });
    assert.match(limits, /^Max data size +536870912 +536870912 /m);
    assert.match(limits, /^Max core file size +0 +0 /m);
    assert.equal(notice, undefined);
  });
});

describe('childEnvironment', () => {
  it('keeps what runtimes need and nothing that may be a secret, and refuses telemetry', () => {
    const environment = {
      PATH: '/bin',
      HOME: '/root',
      LC_ALL: 'C',
      CUDA_VISIBLE_DEVICES: '1',
      OMP_NUM_THREADS: '2',
      MILLRACE_AUTH__KEYS_FILE: '/keys',
      AWS_SECRET_ACCESS_KEY: 'secret',
      NODE_OPTIONS: '--inspect',
      MY_PATH: '/x',
    };
    assert.deepEqual(childEnvironment(environment), {
      PATH: '/bin',
      HOME: '/root',
      LC_ALL: 'C',
      CUDA_VISIBLE_DEVICES: '1',
      OMP_NUM_THREADS: '2',
      ORT_DISABLE_TELEMETRY: '1',
    });
  });
});

describe('OutputLines', () => {
  function linesOf(...texts: string[]): string[] {
    const lines: string[] = [];
    const output = new OutputLines((line) => lines.push(line));
    for (const text of texts) output.push(text);
    return lines;
  }

  it('cuts what comes in pieces into lines', () => {
    assert.deepEqual(linesOf('one\ntw', 'o\r\n\n', 'three'), ['one', 'two']);
  });

  it('shortens lines, and stops after many', () => {
    assert.deepEqual(linesOf(`${'a'.repeat(5_000)}\n`), ['a'.repeat(1_000)]);
    const [many, last] = [linesOf('x\n'.repeat(1_000)), linesOf('x\n'.repeat(1_000), 'y\n').at(-1)];
    assert.deepEqual([many.length, last], [201, '(what else it writes is not shown)']);
  });
});
