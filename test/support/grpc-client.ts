import type { TestContext } from 'node:test';
import {
  ChannelCredentials,
  Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  Metadata,
  type ServiceDefinition,
  type ServiceError,
} from '@grpc/grpc-js';
import { healthProtocol, inferenceProtocol, reflectionProtocols, statusProtocol } from '#src/grpc/proto-files.js';
import { definitionOf } from '#src/grpc/service-definition.js';
import type { ServerConfigInput } from '#src/server.js';
import type { FolderContents } from './model-folder.js';
import { startTestServer, type TestServer } from './test-server.js';

/** How a call is made. */
export interface CallOptions {
  readonly metadata?: Readonly<Record<string, string>>;
  /** Milliseconds from now. */
  readonly deadlineMs?: number;
  /** Cancels the call. */
  readonly signal?: AbortSignal;
}

/** A ModelInferResponse, as far as tests look at it. */
export interface InferAnswer {
  readonly model_name: string;
  readonly model_version: string;
  readonly id: string;
  readonly outputs: { name: string; datatype: string; shape: { toNumber(): number }[] }[];
  readonly raw_output_contents: Buffer[];
}

const definitions: readonly ServiceDefinition[] = [
  definitionOf(inferenceProtocol, 'inference.GRPCInferenceService'),
  definitionOf(healthProtocol, 'grpc.health.v1.Health'),
  ...reflectionProtocols.map((root, index) => {
    return definitionOf(root, `grpc.reflection.${['v1', 'v1alpha'][index]}.ServerReflection`);
  }),
];

/** A client of the whole gRPC edge: what grpc-js has, with promises. */
export class GrpcClient {
  readonly client: Client;

  constructor(address: string, credentials = ChannelCredentials.createInsecure(), options: object = {}) {
    this.client = new Client(address, credentials, options);
  }

  /** Calls a method with one answer; rejects with a ServiceError. `method` has its service before it, unless that is inference. */
  call<Answer = Record<string, unknown>>(method: string, request: object, options: CallOptions = {}): Promise<Answer> {
    const { path, requestSerialize, responseDeserialize } = methodNamed(method);
    return new Promise((resolve, reject) => {
      const settle = (error: ServiceError | null, answer?: object) => {
        if (error === null) resolve(answer as Answer);
        else reject(error);
      };
      const call = this.client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize as (bytes: Buffer) => object,
        request,
        metadataOf(options),
        deadlineOf(options),
        settle,
      );
      options.signal?.addEventListener('abort', () => call.cancel());
    });
  }

  /** Opens a stream in both directions. */
  stream(method: string, options: CallOptions = {}): ClientDuplexStream<object, Record<string, unknown>> {
    const { path, requestSerialize, responseDeserialize } = methodNamed(method);
    const read = responseDeserialize as (bytes: Buffer) => Record<string, unknown>;
    return this.client.makeBidiStreamRequest(path, requestSerialize, read, metadataOf(options), deadlineOf(options));
  }

  /** Calls a method with one request and many answers. */
  watch(method: string, request: object): ClientReadableStream<Record<string, unknown>> {
    const { path, requestSerialize, responseDeserialize } = methodNamed(method);
    const read = responseDeserialize as (bytes: Buffer) => Record<string, unknown>;
    return this.client.makeServerStreamRequest(path, requestSerialize, read, request);
  }

  close(): void {
    this.client.close();
  }
}

/** A server with gRPC on a free port, and a client of it. */
export async function startGrpc(t: TestContext, contents: FolderContents, config: ServerConfigInput = {}) {
  const server: TestServer = await startTestServer(contents, { grpc: { port: 0 }, ...config });
  t.after(() => server.stop());
  const address = server.millrace.grpcAddress ?? '';
  const connect = (credentials?: ChannelCredentials, options?: object) => {
    const client = new GrpcClient(address, credentials, options);
    t.after(() => client.close());
    return client;
  };
  return { ...server, address, connect, client: connect() };
}

/** What stands in the trailer `grpc-status-details-bin`: the ErrorInfo, and when to come again. */
export function detailsOf({ metadata }: ServiceError): {
  reason: string;
  domain: string;
  metadata: Record<string, string>;
  retryMs: number | undefined;
} {
  const [bytes] = metadata.get('grpc-status-details-bin');
  const type = (name: string) => statusProtocol.lookupType(`google.rpc.${name}`);
  const decode = (name: string, from: Uint8Array) => {
    return type(name).toObject(type(name).decode(from), { longs: Number, defaults: true });
  };
  const { details } = decode('Status', bytes as Buffer) as { details: { type_url: string; value: Uint8Array }[] };
  const find = (name: string) => details.find(({ type_url }) => type_url === `type.googleapis.com/google.rpc.${name}`);
  const info = decode('ErrorInfo', find('ErrorInfo')?.value as Uint8Array);
  const retry = find('RetryInfo');
  const delay = retry && (decode('RetryInfo', retry.value)['retry_delay'] as { seconds: number; nanos: number });
  return {
    reason: info['reason'],
    domain: info['domain'],
    metadata: info['metadata'],
    retryMs: delay && delay.seconds * 1e3 + delay.nanos / 1e6,
  };
}

function methodNamed(method: string) {
  const path = method.startsWith('/') ? method : `/inference.GRPCInferenceService/${method}`;
  const found = definitions.flatMap((each) => Object.values(each)).find((each) => each.path === path);
  if (found === undefined) throw new Error(`there is no method ${path}`);
  return found;
}

function metadataOf({ metadata = {} }: CallOptions): Metadata {
  const made = new Metadata();
  for (const [name, value] of Object.entries(metadata)) made.set(name, value);
  return made;
}

function deadlineOf({ deadlineMs }: CallOptions): object {
  return deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
}

/** Runs one row through the model `affine` of the fixtures; gives the row that it answers. */
export async function inferAffine(
  client: GrpcClient,
  row: readonly number[],
  options?: CallOptions,
): Promise<number[]> {
  const answer = await client.call<{ raw_output_contents: Buffer[] }>('ModelInfer', affineRequest(row), options);
  return floatsIn(answer.raw_output_contents[0] as Buffer);
}

/** A ModelInferRequest for it. */
export function affineRequest(row: readonly number[], more: object = {}): object {
  const inputs = [{ name: 'x', datatype: 'FP32', shape: [1, row.length] }];
  const raw_input_contents = [Buffer.from(Float32Array.from(row).buffer)];
  return { model_name: 'affine', inputs, raw_input_contents, ...more };
}

export function floatsIn(bytes: Buffer): number[] {
  return Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(4 * index));
}
