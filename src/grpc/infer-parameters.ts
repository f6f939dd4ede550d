import type { Reader } from 'protobufjs';
import { addEntry, readNested, signed, unsigned } from './wire-fields.js';

/** The value of a parameter; integers that a number cannot hold are bigints. */
export type Parameter = boolean | number | bigint | string;

/** Parameters by name. */
export type ParameterRecord = Readonly<Record<string, Parameter>>;

const none: ParameterRecord = {};

/** The entries of a map<string, InferParameter>, as they are read one by one. */
export class Parameters {
  #entries: [string, Parameter][] | undefined;

  /** Reads the next entry, which is a message of its own. */
  read(reader: Reader): void {
    let key = '';
    let value: Parameter | undefined;
    readNested(reader, (field) => {
      if (field === 1) key = reader.string();
      else if (field === 2) value = readParameter(reader);
      else return false;
      return true;
    });
    // A choice that nobody made.
    if (value === undefined) return;
    this.#entries ??= [];
    addEntry(this.#entries, [key, value], 'parameters');
  }

  get record(): ParameterRecord {
    return this.#entries === undefined ? none : Object.fromEntries(this.#entries);
  }
}

/** The member of the choice that was made last. */
function readParameter(reader: Reader): Parameter | undefined {
  let value: Parameter | undefined;
  readNested(reader, (field) => {
    if (field === 1) value = reader.bool();
    else if (field === 2) value = signed(reader.int64());
    else if (field === 3) value = reader.string();
    else if (field === 4) value = reader.double();
    else if (field === 5) value = unsigned(reader.int64());
    else return false;
    return true;
  });
  return value;
}
