import type { Reader } from 'protobufjs';
import { type ParameterRecord, Parameters } from './infer-parameters.js';
import { type Contents, readContents } from './tensor-contents.js';
import { addEntry, beginRun, endRun, LENGTH_DELIMITED, readMessage, readNested, signed } from './wire-fields.js';

/** A ModelInferRequest, of which raw contents are views on the message. */
export interface InferMessage {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly id: string;
  readonly parameters: ParameterRecord;
  readonly inputs: readonly InputMessage[];
  readonly outputs: readonly OutputMessage[];
  readonly rawContents: readonly Uint8Array[];
}

export interface InputMessage {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly parameters: ParameterRecord;
  /** Undefined for an input without the field. */
  readonly contents: readonly Contents[] | undefined;
}

export interface OutputMessage {
  readonly name: string;
  readonly parameters: ParameterRecord;
}

/**
 * Reads a ModelInferRequest. It is done by hand because protobufjs makes an object of every 64-bit integer: forty
 * bytes for one.
 *
 * @throws Error if the bytes are no such message
 * @throws MillraceError INVALID_REQUEST if it has more entries than a request can need
 */
export function readInferMessage(message: Uint8Array): InferMessage {
  let modelName = '';
  let modelVersion = '';
  let id = '';
  const parameters = new Parameters();
  const inputs: InputMessage[] = [];
  const outputs: OutputMessage[] = [];
  const rawContents: Uint8Array[] = [];
  readMessage(message, (field, _, reader) => {
    if (field === 1) modelName = reader.string();
    else if (field === 2) modelVersion = reader.string();
    else if (field === 3) id = reader.string();
    else if (field === 4) parameters.read(reader);
    else if (field === 5) addEntry(inputs, readInput(reader), 'inputs');
    else if (field === 6) addEntry(outputs, readOutput(reader), 'outputs');
    else if (field === 7) addEntry(rawContents, reader.bytes(), 'raw_input_contents');
    else return false;
    return true;
  });
  return { modelName, modelVersion, id, parameters: parameters.record, inputs, outputs, rawContents };
}

function readInput(reader: Reader): InputMessage {
  let name = '';
  let datatype = '';
  let contents: Contents[] | undefined;
  const shape: number[] = [];
  const parameters = new Parameters();
  readNested(reader, (field, wireType) => {
    if (field === 1) name = reader.string();
    else if (field === 2) datatype = reader.string();
    else if (field === 3) readDimensions(shape, wireType, reader);
    else if (field === 4) parameters.read(reader);
    else if (field === 5) contents = [...(contents ?? []), ...readContents(reader)];
    else return false;
    return true;
  });
  return { name, datatype, shape, parameters: parameters.record, contents };
}

function readOutput(reader: Reader): OutputMessage {
  let name = '';
  const parameters = new Parameters();
  readNested(reader, (field) => {
    if (field === 1) name = reader.string();
    else if (field === 2) parameters.read(reader);
    else return false;
    return true;
  });
  return { name, parameters: parameters.record };
}

/** Side by side, or one; what is beyond 2^53 is no size anyway. */
function readDimensions(shape: number[], wireType: number, reader: Reader): void {
  if (wireType !== LENGTH_DELIMITED) {
    addEntry(shape, Number(signed(reader.int64())), 'shape');
    return;
  }
  const outerEnd = beginRun(reader);
  while (reader.pos < reader.len) addEntry(shape, Number(signed(reader.int64())), 'shape');
  endRun(reader, outerEnd);
}
