import type { ServerDuplexStream } from '@grpc/grpc-js';
import { errorTable, MillraceError } from '../core/errors.js';
import { contextOf } from './call-context.js';
import type { DescribedFile } from './file-descriptors.js';
import { statusOf } from './grpc-status.js';
import type { Method } from './method.js';

/** A request of the protocol; one of these members says what it asks for. */
interface ReflectionRequest {
  readonly host: string;
  readonly file_by_filename?: string;
  readonly file_containing_symbol?: string;
  readonly list_services?: string;
}

/** Server reflection: clients that have no .proto file ask which services there are, and what their messages look like. */
export function reflectionMethods(files: readonly DescribedFile[]): Readonly<Record<string, Method>> {
  return {
    ServerReflectionInfo: {
      kind: 'stream',
      scope: 'public',
      handle: (stream) => {
        const call = stream as ServerDuplexStream<ReflectionRequest | MillraceError, object>;
        call.on('data', (request: ReflectionRequest | MillraceError) => {
          if (request instanceof MillraceError) {
            const context = contextOf(call.metadata);
            context.error = request;
            call.emit('error', statusOf(request, context.id));
          } else {
            const said = { valid_host: request.host, original_request: request, ...answer(files, request) };
            // A client that does not read its answers gets no more of them made.
            if (!call.write(said)) call.pause();
          }
        });
        call.on('drain', () => call.resume());
        call.on('end', () => call.end());
      },
    },
  };
}

function answer(files: readonly DescribedFile[], request: ReflectionRequest): object {
  // Whether a member was sent, and not what its type's default says.
  const asks = (member: keyof ReflectionRequest) => Object.hasOwn(request, member);
  if (asks('list_services')) {
    const service = files.flatMap(({ services }) => services.map((name) => ({ name })));
    return { list_services_response: { service } };
  }
  if (asks('file_by_filename')) return described(files.find(({ name }) => name === request.file_by_filename));
  if (asks('file_containing_symbol')) {
    return described(files.find(({ symbols }) => symbols.has(request.file_containing_symbol ?? '')));
  }
  return described(undefined);
}

function described(file: DescribedFile | undefined): object {
  if (file !== undefined) return { file_descriptor_response: { file_descriptor_proto: [file.bytes] } };
  const { grpc: error_code } = errorTable.NAME_NOT_FOUND;
  return { error_response: { error_code, error_message: 'The server has no such file, symbol or extension.' } };
}
