import type { ServiceDefinition } from '@grpc/grpc-js';
import type { Root, Type } from 'protobufjs';
import { MillraceError, reasonOf } from '../core/errors.js';

/** Reads one message from the bytes that hold it and nothing else. */
export type MessageReader = (bytes: Buffer) => object;

/**
 * A service in the form that grpc-js takes, for servers and clients.
 *
 * @param name with its package, such as `grpc.health.v1.Health`
 * @param readers for methods whose requests are not read by protobufjs
 */
export function definitionOf(
  root: Root,
  name: string,
  readers: Readonly<Record<string, MessageReader>> = {},
): ServiceDefinition {
  const methods = root.lookupService(name).methodsArray.map((method) => {
    const { resolvedRequestType: request, resolvedResponseType: response } = method;
    if (request === null || response === null) throw new Error(`${name}.${method.name} has no types`);
    return [
      method.name,
      {
        path: `/${name}/${method.name}`,
        requestStream: method.requestStream === true,
        responseStream: method.responseStream === true,
        requestSerialize: writerOf(request),
        requestDeserialize: refusing(readers[method.name] ?? readerOf(request)),
        responseSerialize: writerOf(response),
        responseDeserialize: readerOf(response),
      },
    ] as const;
  });
  return Object.fromEntries(methods);
}

function writerOf(type: Type): (message: object) => Buffer {
  return (message) => type.encode(message).finish() as Buffer;
}

function readerOf(type: Type): MessageReader {
  return (bytes) => type.decode(bytes);
}

/** What is no message of the type becomes the error to answer with: what is thrown grpc-js would call a fault of the server. */
function refusing(read: MessageReader): MessageReader {
  return (bytes) => {
    try {
      return read(bytes);
    } catch (error) {
      if (error instanceof MillraceError) return error;
      const details = { expected: 'a message of the type that the method takes', got: `${bytes.length} other bytes` };
      return new MillraceError('INVALID_REQUEST', `The message cannot be read: ${reasonOf(error)}.`, details);
    }
  };
}
