import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { type ServiceError, status } from '@grpc/grpc-js';
import protobuf, { type Root } from 'protobufjs';
import descriptor, { type IFileDescriptorProto } from 'protobufjs/ext/descriptor.js';
import { inferenceProtocol } from '#src/grpc/proto-files.js';
import { type GrpcClient, startGrpc } from '../support/grpc-client.js';

const INFO = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';

/** Asks one question. */
async function ask(client: GrpcClient, question: object, method = INFO): Promise<Record<string, unknown>> {
  const stream = client.stream(method);
  stream.end(question);
  const answers = (await stream.toArray()) as Record<string, unknown>[];
  assert.equal(answers.length, 1);
  return answers[0] as Record<string, unknown>;
}

/** The protocol in the one file that an answer holds. */
function protocolIn(answer: Record<string, unknown>): Root {
  return protobuf.Root.fromDescriptor({ file: [descriptorIn(answer)] });
}

describe('server reflection', () => {
  it('lists the services', async (t) => {
    const { client } = await startGrpc(t, {});
    for (const version of ['v1', 'v1alpha']) {
      const method = INFO.replace('v1', version);
      const answer = await ask(client, { list_services: '' }, method);
      const { service } = answer['list_services_response'] as { service: { name: string }[] };
      assert.deepEqual(
        service.map(({ name }) => name),
        [
          'inference.GRPCInferenceService',
          'grpc.health.v1.Health',
          'grpc.reflection.v1.ServerReflection',
          'grpc.reflection.v1alpha.ServerReflection',
        ],
      );
    }
  });

  it('describes the messages so that others read and write them', async (t) => {
    const { client } = await startGrpc(t, {});
    const symbols = [
      'inference.GRPCInferenceService',
      'inference.GRPCInferenceService.ModelInfer',
      'inference.ModelInferRequest.InferInputTensor',
      'inference.DataType',
      'inference.ModelInput.Format',
    ];
    const message = { model_name: 'm', inputs: [{ name: 'x', shape: [1], parameters: { a: { bool_param: true } } }] };
    const expected = inferenceProtocol.lookupType('inference.ModelInferRequest').encode(message).finish();
    for (const file_containing_symbol of symbols) {
      const protocol = protocolIn(await ask(client, { file_containing_symbol }));
      const type = protocol.lookupType('inference.ModelInferRequest');
      assert.deepEqual(type.encode(type.fromObject(camel(message))).finish(), expected);
    }
  });

  it('hands out a file by the name that it gave', async (t) => {
    const { client } = await startGrpc(t, {});
    const { name = '' } = descriptorIn(await ask(client, { file_containing_symbol: 'grpc.health.v1.Health' }));
    const again = descriptorIn(await ask(client, { file_by_filename: name }));
    assert.deepEqual(
      again.service?.map((each) => each.name),
      ['Health'],
    );
  });

  it('names the messages behind maps as Google’s own compiler does', async (t) => {
    const { client } = await startGrpc(t, {});
    const { messageType = [] } = descriptorIn(
      await ask(client, { file_containing_symbol: 'inference.ModelStatistics' }),
    );
    const statistics = messageType.find((each) => each.name === 'ModelStatistics');
    assert.deepEqual(
      statistics?.nestedType?.map((each) => each.name),
      ['ResponseStatsEntry'],
    );
    assert.ok(statistics?.field?.some((each) => each.typeName?.endsWith('ResponseStatsEntry')));
  });

  it('answers what it does not know with an error, and goes on', async (t) => {
    const { client } = await startGrpc(t, {});
    const unknown = [{ file_containing_symbol: 'no.Such' }, { file_by_filename: 'x.proto' }, {}];
    for (const question of [...unknown, { file_containing_extension: { containing_type: 'a' } }]) {
      const { error_response: error } = await ask(client, question);
      assert.equal((error as { error_code: number }).error_code, status.NOT_FOUND);
    }
  });

  it('can be turned off', async (t) => {
    const { client } = await startGrpc(t, {}, { grpc: { port: 0, reflection: false } });
    const stream = client.stream(INFO);
    stream.end({ list_services: '' });
    const [error] = (await once(stream, 'error')) as [ServiceError];
    assert.equal(error.code, status.UNIMPLEMENTED);
  });
});

function descriptorIn(answer: Record<string, unknown>): IFileDescriptorProto {
  const { file_descriptor_proto: files } = answer['file_descriptor_response'] as {
    file_descriptor_proto: Uint8Array[];
  };
  assert.equal(files.length, 1);
  return descriptor.FileDescriptorProto.decode(files[0] as Uint8Array) as IFileDescriptorProto;
}

/** The same message under the names that protobufjs makes of those in a descriptor. */
function camel(value: unknown): Record<string, unknown> {
  if (Array.isArray(value)) return value.map(camel) as unknown as Record<string, unknown>;
  if (typeof value !== 'object' || value === null) return value as Record<string, unknown>;
  const name = (key: string) => key.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [name(key), camel(each)]));
}
