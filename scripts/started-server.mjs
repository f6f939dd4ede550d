// A server of this project in a process of its own, for the programs that are tried on it.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { until } from './counted-checks.mjs';
import { root } from './prepare.mjs';

/**
 * Starts a server on free ports; settles when it is ready.
 *
 * @param args of `millrace serve`
 * @param options of `spawn`; its folder should hold no millrace.yaml
 * @returns its URL, its address for gRPC, and the means to end it at once
 */
export async function startServer(args, options) {
  const command = [join(root, 'dist', 'main.js'), 'serve', '--port', '0', '--grpc-port', '0', ...args];
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit'], ...options });
  const stop = () => child.kill('SIGKILL');
  try {
    const [{ address }, { url }] = await Promise.all([logged(child, 'listening for gRPC'), logged(child, 'listening')]);
    await until(60, 'the server is ready', async () => (await fetch(`${url}/v2/health/ready`)).ok);
    return { url, grpcAddress: address, stop };
  } catch (error) {
    stop();
    throw error;
  }
}

/** The line of a server's log that has this message. */
function logged(child, message) {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
      const complete = text.slice(0, text.lastIndexOf('\n') + 1);
      const line = complete.split('\n').find((each) => each.includes(`"msg":"${message}"`));
      if (line !== undefined) resolve(JSON.parse(line));
    });
    child.on('exit', (code) => reject(new Error(`the server ended with code ${code}\n${text}`)));
  });
}
