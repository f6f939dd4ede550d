import { parseJson } from '../core/json-document.js';
import { type PipelineItem, readItem } from '../pipelines/pipeline-item.js';
import { SentFile } from '../pipelines/sent-file.js';
import type { ValueKind } from '../pipelines/value-type.js';
import type { Parameters } from './infer-request.js';
import { bytesOf } from './raw-tensor.js';

/** Objects and arrays take about so many times the memory of the JSON that they come from. */
const PARSED_JSON_FACTOR = 10;

/**
 * Reads an element of a BYTES tensor as an item for a pipeline: as bytes or text where the pipeline takes such, else as
 * JSON; and as JSON in any case where the input's parameter `content_type` says so, a name that other servers have for it.
 *
 * @throws MillraceError INVALID_INPUT, INVALID_JSON or UNSUPPORTED_MEDIA_TYPE that names the place
 */
export function itemFrom(
  element: string | Uint8Array,
  { path, takes, parameters }: { path: string; takes: readonly ValueKind[]; parameters: Parameters | undefined },
): PipelineItem {
  const bytes = bytesOf(element);
  const isFile = takes.includes('bytes') || takes.includes('text');
  if (isFile && !saysJson(parameters)) {
    return { rows: 1, bytes: bytes.length, path, ...readItem(new SentFile(bytes, undefined), path, takes) };
  }
  const value = parseJson(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), path);
  return { rows: 1, bytes: PARSED_JSON_FACTOR * bytes.length, path, ...readItem(value, path, takes) };
}

function saysJson(parameters: Parameters | undefined): boolean {
  const type = parameters?.['content_type'];
  return type === 'application/json' || type === 'json';
}
