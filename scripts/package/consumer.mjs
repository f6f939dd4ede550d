// A project of somebody else's: an empty folder into which the package is installed from its archive.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { execute } from '../execute.mjs';

const INSTALL_MS = 300_000;
const RUN_MS = 60_000;

export class Consumer {
  #folder;

  constructor(folder) {
    this.#folder = folder;
    mkdirSync(folder);
    this.write('package.json', '{ "name": "consumer", "version": "1.0.0", "private": true, "type": "module" }');
  }

  path(...parts) {
    return join(this.#folder, ...parts);
  }

  write(name, text) {
    writeFileSync(this.path(name), text);
  }

  /** With install scripts where npm runs them, as the README says it for machines that cannot fetch CUDA. */
  install(packages) {
    // npm_config_… of the npm that runs us would take this project's own settings along, ignore-scripts among them.
    const inherited = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name));
    const env = { ...Object.fromEntries(inherited), ONNXRUNTIME_NODE_INSTALL: 'skip' };
    execute('npm', ['install', '--prefer-offline', ...packages], { cwd: this.#folder, env, timeout: INSTALL_MS });
  }

  /** Runs a script of an installed package, or of the project, to its end; gives what it wrote. */
  run(...args) {
    return execute(process.execPath, args, { cwd: this.#folder, timeout: RUN_MS });
  }

  /**
   * `npx millrace serve` with a Node of one's choice, in a process group of its own: npx and its shell pass no signals on.
   *
   * @returns `origin`, once it listens, and `stop`, which settles with all that it logged
   */
  async serve(node) {
    const env = {
      ...process.env,
      PATH: `${dirname(node)}${delimiter}${process.env.PATH}`,
      MILLRACE_SHUTDOWN__GRACE_MS: '0',
    };
    const args = ['millrace', 'serve', '--port', '0', '--models', 'node_modules/millrace/models'];
    const child = spawn('npx', args, { cwd: this.#folder, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let log = '';
    let changed = () => undefined;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        log += text;
        changed();
      });
    }
    const closed = once(child, 'close');
    const signal = (name) => {
      if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid, name);
    };
    const deadline = setTimeout(signal, RUN_MS, 'SIGKILL');
    const origin = await new Promise((resolve, reject) => {
      changed = () => {
        const port = /"url":"http:\/\/[^"]*:(\d+)/.exec(log)?.[1];
        if (port !== undefined) resolve(`http://127.0.0.1:${port}`);
      };
      closed.then(() => reject(new Error(`it ended:\n${log}`)), reject);
    });
    const stop = async () => {
      signal('SIGTERM');
      await closed;
      clearTimeout(deadline);
      return log;
    };
    return { origin, stop };
  }
}
