import type { Server } from 'node:http';
import request from 'supertest';
import { createServer, type Millrace, type ServerConfigInput } from '#src/server.js';
import { createModelFolder, type FolderContents, type ModelFolder } from './model-folder.js';

/** The whole server over a temporary model folder, listening on a free port. */
export interface TestServer {
  readonly millrace: Millrace;
  readonly server: Server;
  readonly folder: ModelFolder;
  /** POST of JSON: a text goes as it is. */
  post(path: string, body: object | string, headers?: Record<string, string>): request.Test;
  get(path: string): request.Test;
  delete(path: string): request.Test;
  /** Ends the server at once and removes the folder; for `after`. */
  stop(): Promise<void>;
}

/** Starts a server whose models have loaded. One instance a model, no log, no gRPC, no grace period, unless `config` says else. */
export async function startTestServer(contents: FolderContents, config: ServerConfigInput = {}): Promise<TestServer> {
  const folder = await createModelFolder(contents);
  const quiet: ServerConfigInput = { models: folder.dir, port: 0, instances: 1, log: { level: 'silent' } };
  const alone: ServerConfigInput = { grpc: { port: 'off' }, shutdown: { grace_ms: 0 } };
  const millrace = await createServer({ ...quiet, ...alone, ...config });
  await Promise.all([millrace.loaded, millrace.listen()]);
  const { server } = millrace;
  return {
    millrace,
    server,
    folder,
    post: (path, body, headers = {}) =>
      request(server).post(path).set('Content-Type', 'application/json').set(headers).send(body),
    get: (path) => request(server).get(path),
    delete: (path) => request(server).delete(path),
    stop: async () => {
      millrace.destroy();
      await folder.remove();
    },
  };
}
