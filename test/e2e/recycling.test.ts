import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { EventWatch } from '../support/event-watch.js';
import { affine } from '../support/fixture-models.js';
import { metricValue } from '../support/metrics-text.js';
import { isolations } from '../support/onnx-instances.js';
import { startTestServer, type TestServer } from '../support/test-server.js';

let server: TestServer;
let events: EventWatch;

before(async () => {
  const models = isolations.map((isolation): [string, Uint8Array | string][] => [
    [`${isolation}/1/model.onnx`, affine()],
    [`${isolation}/model.yaml`, `instances: { isolation: ${isolation}, recycle: { runs: 3 } }`],
  ]);
  server = await startTestServer(Object.fromEntries(models.flat()));
  events = new EventWatch(server.millrace);
});
after(() => server.stop());

describe('an instance that is replaced after some executions', () => {
  for (const model of isolations) {
    it(`${model}: fails no request, and leaves one instance where there was one`, async () => {
      const recycled = () => events.all('instanceRecycled', (event) => event.model === model).length;
      for (let row = 0; recycled() < 2; row += 1) {
        const { status, body } = await server.post('/predict', { model, input: [row, 0, 0, 0] });
        assert.deepEqual([status, body.output], [200, { y: [2 * row + 1, 1, 1, 1] }]);
      }
      const { body } = await server.get(`/models/${model}`);
      const { restarts, isolation } = body.versions[0].instances;
      assert.deepEqual([restarts, isolation], [0, model]);
      const { text } = await server.get('/metrics');
      const counted = metricValue(text, 'millrace_instance_recycles_total', { model, reason: 'runs' });
      assert.ok(counted !== undefined && counted >= 2);
      assert.equal(metricValue(text, 'millrace_instance_crashes_total', { model }), undefined);
    });
  }
});
