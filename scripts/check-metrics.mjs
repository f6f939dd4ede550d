// `node scripts/check-metrics.mjs`: serves models/ for a moment and has promtool judge /metrics. Not part of `npm test`,
// because promtool is no npm package; the last line counts like that of `npm test`.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { check, conclude, failures, until } from './counted-checks.mjs';
import { prepare, root } from './prepare.mjs';

prepare();
const server = spawn(
  process.execPath,
  ['dist/main.js', 'serve', '--port', '0', '--grpc-port', 'off', '--models', 'models'],
  { cwd: root },
);
const ended = once(server, 'exit');
let log = '';
for (const stream of [server.stdout, server.stderr]) stream.setEncoding('utf8').on('data', (text) => (log += text));

await check('the server becomes ready', async () => {
  await until(60, 'ready', async () => (await get('/healthz/ready')).ok);
});
await check('a prediction is answered', async () => {
  const body = JSON.stringify({ model: 'penguins', input: [45.5, 17, 196, 3500] });
  const answer = await get('/predict', { method: 'POST', body, headers: { 'content-type': 'application/json' } });
  assert.equal(answer.status, 200, await answer.text());
});
await check('promtool accepts the metrics', async () => {
  const metrics = await (await get('/metrics')).text();
  assert.match(metrics, /^millrace_/m);
  const { status, stdout, stderr, error } = spawnSync('promtool', ['check', 'metrics'], { input: metrics });
  assert.ifError(error);
  // Status 3 is a matter of style. That of the default metrics of prom-client (nodejs_…, process_…) isn't ours.
  const complaints = `${stdout}${stderr}`.split('\n').filter((line) => status !== 3 || line.startsWith('millrace_'));
  assert.ok(status === 0 || (status === 3 && complaints.length === 0), complaints.join('\n'));
});
await check('SIGTERM ends the server with exit code 0', async () => {
  server.kill('SIGTERM');
  const [code, signal] = await Promise.race([ended, sleep(20_000, ['still running after 20 s'], { ref: false })]);
  assert.equal(code ?? signal, 0);
});
server.kill('SIGKILL');

if (failures() > 0) console.log(`The server's output:\n${log}`);
conclude();

/** Fetches from the server, whose log says where it listens. */
async function get(path, options = {}) {
  const port = /"url":"http:\/\/[^"]*:(\d+)/.exec(log)?.[1];
  assert.ok(port, 'the server has not said where it listens');
  return fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(10_000), ...options });
}
