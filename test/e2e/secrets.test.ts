import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { affine } from '../support/fixture-models.js';
import { keysFile, testKey } from '../support/keys.js';
import { createModelFolder } from '../support/model-folder.js';
import { RawConnection } from '../support/raw-connection.js';
import { spawnServer, until } from '../support/spawned-server.js';

const known = testKey('known-secret');
const secrets = [known.key, known.entry.sha256, 'mk_unknown-secret', 'mk_misplaced-secret'];

/** The forms in which keys are sent, rightly and wrongly. */
const sent: Record<string, string>[] = [
  { Authorization: `Bearer ${known.key}` },
  { 'X-Api-Key': known.key },
  { Authorization: 'Bearer mk_unknown-secret' },
  { Authorization: `Bearer ${known.key} mk_unknown-secret` },
  { Authorization: `Bearer ${known.key}`, 'X-Api-Key': 'mk_unknown-secret' },
  { Authorization: `Basic ${known.key}` },
];

describe('the log, whatever its level', () => {
  it('holds no key, no hash of one, and no body', async (t) => {
    const folder = await createModelFolder({ 'models/affine.onnx': affine(), 'keys.yaml': keysFile(known) });
    t.after(() => folder.remove());
    const env = { MILLRACE_LOG__LEVEL: 'trace' };
    const server = await spawnServer(['--keys', 'keys.yaml'], { cwd: folder.dir, env });
    t.after(() => server.stop());

    const answers: string[] = [];
    const send = async (path: string, headers: Record<string, string>, body: string) => {
      const type = { 'Content-Type': 'application/json' };
      const response = await fetch(server.url + path, { method: 'POST', headers: { ...type, ...headers }, body });
      answers.push(await response.text());
    };
    for (const headers of sent) {
      await send('/predict', headers, '{"model":"affine","input":[1,2,3,4],"id":"body-secret"}');
      await send('/predict', headers, '{"model":"affine","input":["body-secret"]}');
      await send('/models/affine/predict', headers, 'body-secret');
      await send(`/predict?key=${known.key}`, headers, '{}');
      await send(`/models/${known.key}/predict`, headers, '{}');
    }
    const client = await RawConnection.to(server);
    client.write(`GET / HTTP/1.1\r\nAuthorization: Bearer ${known.key}\r\nbroken header\r\n\r\n`);
    answers.push((await client.answer()).body);
    await folder.write({ 'keys.yaml': '- { tenant: t, sha256: mk_misplaced-secret, scopes: [infer] }' });
    await until('the file is refused', async () => server.log().some(({ what }) => what === 'keys'));

    const log = server.output();
    assert.ok(server.log().filter(({ msg }) => msg === 'request').length >= 5 * sent.length, log);
    for (const secret of [...secrets, 'body-secret', 'Bearer', 'authorization']) {
      assert.ok(!log.includes(secret), `${secret} in\n${log}`);
    }
    // What a client sent is repeated to that client alone, in `got`, and never what it sent as a key.
    for (const secret of [known.entry.sha256, 'mk_unknown-secret'])
      assert.ok(!answers.join('\n').includes(secret), secret);
  });
});
