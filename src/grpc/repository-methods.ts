import { MillraceError } from '../core/errors.js';
import type { LoadOverride } from '../serving/load-override.js';
import type { ModelControl } from '../serving/model-control.js';
import { indexed } from '../v2/repository-index.js';
import { requestError } from '../v2/request-error.js';
import { type Method, unary } from './method.js';

interface IndexRequest {
  readonly repository_name: string;
  readonly ready: boolean;
}

interface ControlRequest {
  readonly repository_name: string;
  readonly model_name: string;
  readonly parameters: Readonly<Record<string, { readonly string_param?: string; readonly bytes_param?: Uint8Array }>>;
}

/** Parameters of a load that bring a file begin so; its path follows. */
const FILE = 'file:';

/** What lies in the repository, and which of it is loaded. */
export function repositoryMethods(control: ModelControl): Readonly<Record<string, Method>> {
  return {
    RepositoryIndex: unary('infer', (request) => {
      const { repository_name: repository, ready } = request as IndexRequest;
      refuseRepository(repository);
      return { models: control.index(ready).map(indexed) };
    }),
    RepositoryModelLoad: unary('admin', async (request) => {
      const { repository_name: repository, model_name: name, parameters } = request as ControlRequest;
      refuseRepository(repository);
      await control.load(name, overrideIn(parameters));
      return {};
    }),
    RepositoryModelUnload: unary('admin', async (request) => {
      const { repository_name: repository, model_name: name } = request as ControlRequest;
      refuseRepository(repository);
      await control.unload(name);
      return {};
    }),
  };
}

function overrideIn(parameters: ControlRequest['parameters']): LoadOverride {
  const files = new Map<string, Uint8Array>();
  let config: string | undefined;
  for (const [key, { string_param: text, bytes_param: bytes }] of Object.entries(parameters)) {
    if (key === 'config' && text !== undefined) config = text;
    else if (key.startsWith(FILE) && bytes !== undefined) files.set(key.slice(FILE.length), bytes);
    else throw requestError(`unrecognized load parameter '${key.slice(0, 128)}', or one of the wrong type`);
  }
  return { ...(config === undefined ? {} : { config }), files };
}

function refuseRepository(name: string): void {
  if (name !== '') throw new MillraceError('UNSUPPORTED', "'repository_name' specification is not supported");
}
