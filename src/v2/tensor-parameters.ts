import { MillraceError } from '../core/errors.js';
import { shown } from '../core/zod-issues.js';
import { type Datatype, datatypes } from '../tensor/datatype.js';
import type { Parameters, RequestedOutput } from './infer-request.js';
import { requestError } from './request-error.js';

/*
 * What requests say of single tensors, in whatever form they come.
 */

/** More classes than any model has. */
const MAX_CLASSES = 1_000_000;

/** @throws MillraceError INVALID_INPUT if the datatype of an input is none of the protocol's */
export function datatypeNamed(datatype: string, input: string): Datatype {
  if (Object.hasOwn(datatypes, datatype)) return datatype as Datatype;
  const known = Object.keys(datatypes).join(', ');
  throw requestError(`inference input '${input}' data-type is '${datatype.slice(0, 32)}', which is none of ${known}`);
}

/**
 * An output as it is asked for.
 *
 * @param index of the output in the request
 * @throws MillraceError INVALID_INPUT or INVALID_REQUEST
 */
export function wantedOutput(
  { name, parameters = {} }: { readonly name: string; readonly parameters?: Parameters | undefined },
  index: number,
): RequestedOutput {
  refuseSharedMemory(parameters);
  const { classification: classes = 0 } = parameters as { classification?: unknown };
  if (typeof classes === 'number' && Number.isInteger(classes) && classes >= 0 && classes <= MAX_CLASSES) {
    return { name, classes };
  }
  const text = `Unable to parse 'classification' of output '${name}': expected a number of classes, got ${shown(classes)}`;
  throw new MillraceError('INVALID_REQUEST', text, { path: `outputs[${index}].parameters.classification` });
}

/** @throws MillraceError INVALID_INPUT for a tensor that is to come from, or go into, shared memory */
export function refuseSharedMemory(parameters: Parameters): void {
  const region = parameters['shared_memory_region'];
  if (region === undefined) return;
  throw requestError(
    `Unable to find shared memory region: '${String(region).slice(0, 128)}'; this server uses no shared memory`,
  );
}
