import { readFileSync } from 'node:fs';
import protobuf, { type Root } from 'protobufjs';

/** In the package, beside the compiled code: whoever writes a client finds the files there. */
const FOLDER = new URL('../../proto/', import.meta.url);

/** The V2 protocol. */
export const inferenceProtocol: Root = parse(read('inference.proto'));

/** The health checking protocol. */
export const healthProtocol: Root = parse(read('health.proto'));

/** The reflection protocol, in the version of today and in that of older clients. */
export const reflectionProtocols: readonly Root[] = ['v1', 'v1alpha'].map((version) => {
  return parse(read('reflection.proto').replace('package grpc.reflection.v1;', `package grpc.reflection.${version};`));
});

/** What errors say of themselves. */
export const statusProtocol: Root = parse(read('status.proto'));

function read(name: string): string {
  return readFileSync(new URL(name, FOLDER), 'utf8');
}

/** Names stay as they are in the file. */
function parse(text: string): Root {
  const root = new protobuf.Root();
  protobuf.parse(text, root, { keepCase: true });
  root.resolveAll();
  return root;
}
