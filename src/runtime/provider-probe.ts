import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withoutPaths } from '../core/errors.js';
import type { ProviderAvailability, ProviderName, ProviderProbe } from './execution-providers.js';
import { refuseTelemetry } from './telemetry.js';

const PROBE_TIMEOUT_MS = 60_000;
const PROBE_MAIN = fileURLToPath(new URL('./provider-probe-main.js', import.meta.url));

/**
 * Finds out what a provider needs by trying it: a child process opens a tiny model on it. A process and not a
 * thread, since a missing driver may end it from native code, and since the cause is told on its standard error
 * only. `listSupportedBackends()` cannot answer: it lists what the build knows, whether its libraries are there or not.
 */
export class ChildProcessProviderProbe implements ProviderProbe {
  readonly #answers = new Map<ProviderName, Promise<ProviderAvailability>>();

  async availability(name: ProviderName, quietly: boolean): Promise<ProviderAvailability> {
    if (name === 'cpu') return { available: true };
    if (quietly && !mayHaveLibrary(name)) return { available: false, reason: 'its library is not installed' };
    const known = this.#answers.get(name);
    if (known !== undefined) return known;
    const answer = tryProvider(name);
    this.#answers.set(name, answer);
    return answer;
  }
}

/** CUDA's library is no part of the npm package: where the file is missing there is nothing to try. */
function mayHaveLibrary(name: ProviderName): boolean {
  const file = { linux: `libonnxruntime_providers_${name}.so`, win32: `onnxruntime_providers_${name}.dll` }[
    process.platform as string
  ];
  if (file === undefined) return false;
  const packageDir = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
  return existsSync(join(packageDir, 'bin', 'napi-v6', process.platform, process.arch, file));
}

async function tryProvider(name: ProviderName): Promise<ProviderAvailability> {
  refuseTelemetry();
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [PROBE_MAIN, name], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (said.length < 4096) said += text;
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), PROBE_TIMEOUT_MS);
    child.on('error', (error) => resolve({ available: false, reason: error.message }));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve({ available: true });
      else
        resolve({ available: false, reason: reasonFrom(said) ?? `trying it ended with ${signal ?? `code ${code}`}` });
    });
  });
}

/** The most telling line: the one with an error in it, without colours, time stamps and source files. */
function reasonFrom(stderr: string): string | undefined {
  const lines = stderr
    .replaceAll(/\u001b\[[\d;]*m/g, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const line = lines.find((text) => /error|fail|cannot/i.test(text)) ?? lines[0];
  if (line === undefined) return undefined;
  const cause = line.replace(/^.*\.cc:\d+ /, '').replace(/^.*?\[ONNXRuntimeError\]\s*:\s*/, '');
  return withoutPaths(cause).slice(0, 400);
}
