import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { childEnvironment } from '#src/runtime/child-environment.js';
import { OutputLines } from '#src/runtime/output-lines.js';
import { limitResources } from '#src/runtime/resource-limits.js';
import { hasPrlimit } from '../support/process-list.js';

describe('limitResources', () => {
  it('limits memory beyond what a process has, and its core dumps, where this system can', (t) => {
    if (!hasPrlimit()) return t.skip('there is no prlimit');
    const child = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] });
    t.after(() => child.kill('SIGKILL'));
    const pid = child.pid as number;
    assert.equal(limitResources(pid, 512 * 1024 * 1024), undefined);
    const limits = readFileSync(`/proc/${pid}/limits`, 'utf8');
    const [, soft, hard] = /^Max data size +(\d+) +(\d+) /m.exec(limits) ?? [];
    assert.equal(soft, hard);
    const beyond = Number(soft) - 512 * 1024 * 1024;
    assert.ok(beyond > 0 && beyond < 64 * 1024 * 1024, String(beyond));
    assert.match(limits, /^Max core file size +0 +0 /m);
  });

  it('says that a limit does not hold', () => {
    assert.match(limitResources(2 ** 30, 1_000) ?? '', /memory limit of 1000 bytes does not hold: /);
    assert.equal(limitResources(2 ** 30, undefined), undefined);
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
