import { createReadStream } from 'node:fs';
import { MillraceError, reasonOf } from '../core/errors.js';
import { jsonFault, lineAndColumn } from './json-fault.js';
import { cut } from './printable.js';
import { type Problem, ProblemError } from './problem-error.js';

/** No server takes as much in one body; what goes on for ever is not read for ever. */
const MAX_INPUT_BYTES = 256 * 1024 * 1024;
const SHOWN_LITERAL = 40;
const STDIN = '-';

/** One item as the command line names it. */
export interface ItemInput {
  /** What tables and messages call it. */
  readonly name: string;
  readonly from: 'literal' | 'file' | 'stdin';
  /** The literal itself, or the path of the file. */
  readonly text: string;
}

/**
 * Reads the command line's items: literals, `@file` and `-` first, then the files of --file.
 *
 * @throws MillraceError INVALID_REQUEST if there are none, or standard input is to be read twice
 */
export function readInputs(args: readonly string[], files: readonly string[]): ItemInput[] {
  const inputs = [...args.map(argumentInput), ...files.map(fileInput)];
  if (inputs.length === 0) {
    throw usage('there is nothing to predict: give an INPUT, @FILE, --file FILE..., or - for standard input');
  }
  if (inputs.filter(({ from }) => from === 'stdin').length > 1) throw usage('standard input can be read only once');
  return inputs;
}

/**
 * Reads an item as a request holds it: a JSON text, or the bytes of a file. What a file means is decided by what the
 * model takes: if it takes bytes, its bytes; else if it takes text, its text; else it is JSON.
 *
 * @param kinds what the model takes, as GET /models/{name} tells it
 * @throws ProblemError INVALID_INPUT if it cannot be read, or the model could not take it
 */
export async function readItem(input: ItemInput, kinds: readonly string[]): Promise<string | Uint8Array> {
  if (input.from === 'literal') return literalJson(input, kinds);
  const bytes = await readAll(input);
  if (kinds.includes('bytes')) return bytes;
  const text = utf8(bytes, input);
  return kinds.includes('text') ? JSON.stringify(text) : checkedJson(text, input);
}

function argumentInput(text: string): ItemInput {
  if (text === STDIN) return fileInput(text);
  if (text.startsWith('@')) return fileInput(text.slice(1));
  return { name: cut(text, SHOWN_LITERAL), from: 'literal', text };
}

function fileInput(path: string): ItemInput {
  if (path === '') throw usage('a file without a name: after @ and --file comes the path of a file');
  return path === STDIN
    ? { name: 'standard input', from: 'stdin', text: path }
    : { name: path, from: 'file', text: path };
}

/** JSON if it is JSON, else a text; a model that takes nothing but text means a text by everything except a JSON string. */
function literalJson(input: ItemInput, kinds: readonly string[]): string {
  const { text } = input;
  const takesText = kinds.includes('text');
  const isString = /^\s*"/.test(text);
  if (isJson(text) && (isString || !takesText || kinds.length > 1)) return text;
  if (!takesText && /^\s*[[{]/.test(text)) return checkedJson(text, input);
  if (!takesText && kinds.includes('bytes') && !text.startsWith('data:')) {
    throw unfit(input, `The model takes files: for a file of this name say @${text} or --file ${text}.`);
  }
  return JSON.stringify(text);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** @throws ProblemError INVALID_INPUT with the place at which the text stops being JSON */
function checkedJson(text: string, input: ItemInput): string {
  const fault = isJson(text) ? undefined : jsonFault(text);
  if (fault === undefined) return text;
  const { at, expected } = fault;
  const got = at === text.length ? 'the end' : JSON.stringify(String.fromCodePoint(text.codePointAt(at) as number));
  throw unfit(input, 'The model takes JSON, and this is none.', { path: lineAndColumn(text, at), expected, got });
}

function utf8(bytes: Uint8Array, input: ItemInput): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw unfit(input, 'The model takes text or JSON in UTF-8, and these are other bytes.');
  }
}

async function readAll(input: ItemInput): Promise<Buffer> {
  const stream: AsyncIterable<Buffer> = input.from === 'stdin' ? process.stdin : createReadStream(input.text);
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of stream) {
      bytes += chunk.length;
      if (bytes > MAX_INPUT_BYTES) throw new Error(`it is longer than ${MAX_INPUT_BYTES} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw unfit(input, `It cannot be read: ${unreadable(error)}.`);
  }
  return Buffer.concat(chunks);
}

/** `input` is said for programs, which see no name beside it. */
function unfit({ name }: ItemInput, detail: string, details: Partial<Problem> = {}): ProblemError {
  return new ProblemError({ code: 'INVALID_INPUT', detail, input: name, ...details });
}

function unreadable(error: unknown): string {
  const reasons: Record<string, string> = {
    ENOENT: 'there is no such file',
    EISDIR: 'it is a folder',
    EACCES: 'this user may not',
  };
  return reasons[(error as NodeJS.ErrnoException).code ?? ''] ?? reasonOf(error);
}

function usage(message: string): MillraceError {
  return new MillraceError('INVALID_REQUEST', message);
}
