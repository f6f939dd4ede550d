const MAX_LINE = 1_000;
const MAX_LINES = 200;

/** Cuts what a process writes into lines, none too long and not too many: it may be anything. */
export class OutputLines {
  readonly #onLine: (line: string) => void;
  #rest = '';
  #count = 0;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(text: string): void {
    if (this.#count > MAX_LINES) return;
    const lines = (this.#rest + text).split(/\r?\n/);
    this.#rest = (lines.pop() ?? '').slice(0, MAX_LINE);
    for (const line of lines) if (line.trim() !== '') this.#tell(line.slice(0, MAX_LINE));
  }

  #tell(line: string): void {
    this.#count += 1;
    if (this.#count <= MAX_LINES) this.#onLine(line);
    else if (this.#count === MAX_LINES + 1) this.#onLine('(what else it writes is not shown)');
  }
}
