import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Express } from 'express';
import { errorTable } from '#src/core/errors.js';
import { ApiContract } from '../../support/api-contract.js';
import { ApiDocument } from '../../support/api-document.js';
import { type ApiExample, examplesOf } from '../../support/api-examples.js';
import { projectFile } from '../../support/bundled-model.js';
import { startTestServer, type TestServer } from '../../support/test-server.js';

const document = new ApiDocument();
const contract = new ApiContract(document);

let server: TestServer;
before(async () => {
  // As many instances as the example of GET /models/{name} shows.
  server = await startTestServer({}, { models: projectFile('models'), instances: 2 });
});
after(() => server.stop());

/** What differs from run to run; and a model's float is the same by however many digits it is written. */
const comparable = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (key, part: unknown) => {
      if (['timings_ms', 'created_at', 'finished_at', 'memory_bytes'].includes(key)) return 'measured';
      return typeof part === 'number' ? Math.fround(part) : part;
    }),
  );

async function send({ method, url, headers, body }: ApiExample) {
  const type: Record<string, string> = body === undefined ? {} : { 'content-type': body.type };
  const isForm = body?.type === 'multipart/form-data';
  const answer = await fetch(server.millrace.url + url, {
    method: method.toUpperCase(),
    headers: { ...(isForm ? {} : type), ...headers },
    ...(body === undefined ? {} : { body: isForm ? formOf(body.value as object) : textOf(body.value) }),
  });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function formOf(parts: object): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(parts)) form.append(name, value as string);
  return form;
}

describe('openapi.yaml', () => {
  it('has every route of the app, and no other', () => {
    const { stack } = (server.millrace.app as Express).router;
    const routes = stack.flatMap(({ route }) => {
      // Behind each path stands one route for all methods, which refuses those that are left.
      const methods = Object.keys((route as unknown as { methods?: object } | undefined)?.methods ?? {});
      return methods.length === 1 ? [`${methods[0]} ${route?.path.replaceAll(/:(\w+)/g, '{$1}')}`] : [];
    });
    assert.ok(routes.length > 10, `${routes.length} routes`);
    assert.deepEqual(routes.sort(), document.operations.sort());
  });

  it('has every code of the table that an operation can answer', () => {
    const elsewhere = ['METHOD_NOT_ALLOWED', 'CLIENT_CLOSED_REQUEST'];
    const expected = Object.keys(errorTable).filter((code) => !elsewhere.includes(code));
    assert.deepEqual([...document.errorCodes].sort(), expected.sort());
  });

  it('names each example once, and says what to send for each', () => {
    const names = examplesOf(document).map(({ name }) => name);
    assert.deepEqual(names.sort(), [...document.exampleNames].sort());
  });

  for (const example of examplesOf(document)) {
    it(`is right in the example ${example.name} of ${example.operation}`, async () => {
      const answer = await send(example);
      assert.deepEqual(contract.faultsOf(example.operation, answer), []);
      assert.equal(answer.status, example.status);
      assert.deepEqual(comparable(JSON.parse(answer.text)), comparable(example.answer));
    });
  }

  for (const operation of document.operations.filter((each) => each.startsWith('get ') && !each.includes('{'))) {
    it(`is right in what it says of ${operation}`, async () => {
      const url = operation.split(' ')[1] as string;
      const sent = { name: '', operation, method: 'get', body: undefined, status: 200, answer: undefined };
      const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
      const answer = await send({ ...sent, url, headers: { traceparent } });
      assert.deepEqual(contract.faultsOf(operation, answer), []);
      assert.equal(answer.status, 200);
    });
  }
});
