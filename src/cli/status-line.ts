import { printable } from './printable.js';

const BACK_AND_CLEAR = '\r\u001B[K';
/** Where a line cannot be written over, so many are written at most. */
const LINES = 10;

/** What is going on, on standard error, for somebody who waits. */
export class StatusLine {
  readonly #isTerminal = process.stderr.isTTY;
  readonly #isShown: boolean;
  #isOpen = false;

  /** @param isWanted whether it is shown even where nobody seems to look */
  constructor(isWanted: boolean) {
    this.#isShown = this.#isTerminal || isWanted;
  }

  /** `37 of 120`. */
  progress(done: number, total: number): void {
    if (total === 1 || !(this.#isTerminal || done === total || done % Math.ceil(total / LINES) === 0)) return;
    this.say(`${done} of ${total}`);
  }

  /** On a terminal each line takes the place of the one before. */
  say(text: string): void {
    if (!this.#isShown) return;
    const line = printable(text);
    process.stderr.write(this.#isTerminal ? `${BACK_AND_CLEAR}${line}` : `${line}\n`);
    this.#isOpen = this.#isTerminal;
  }

  /** Takes the line away, before something else is written. */
  clear(): void {
    if (this.#isOpen) process.stderr.write(BACK_AND_CLEAR);
    this.#isOpen = false;
  }
}

/** A remark on standard error: dim on a terminal, so that the answer stands out. */
export function remark(text: string): void {
  const isPlain = !process.stderr.isTTY || (process.env['NO_COLOR'] ?? '') !== '';
  process.stderr.write(isPlain ? `${text}\n` : `\u001B[2m${text}\u001B[22m\n`);
}
