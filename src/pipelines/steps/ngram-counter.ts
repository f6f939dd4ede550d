/** A place in the tree of all n-grams: what they begin with. */
interface Prefix {
  readonly next: Map<number, Prefix>;
  /** Which n-gram ends here; -1 for none. */
  ngram: number;
}

/**
 * Counts n-grams of any lengths in one pass over a text: from each place it follows the tree of n-grams (a trie over
 * UTF-16 code units) as far as that leads, which takes at most as many steps as the longest n-gram has units.
 */
export class NgramCounter {
  readonly #size: number;
  readonly #root: Prefix = { next: new Map(), ngram: -1 };

  /** @param ngrams well-formed strings, each once, none empty */
  constructor(ngrams: readonly string[]) {
    this.#size = ngrams.length;
    for (const [index, ngram] of ngrams.entries()) this.#add(ngram, index);
  }

  /** How often each n-gram occurs in a text, in the n-grams' order; occurrences may overlap. */
  count(text: string): Uint32Array {
    const counts = new Uint32Array(this.#size);
    for (let start = 0; start < text.length; start += 1) {
      let prefix = this.#root.next.get(text.charCodeAt(start));
      for (let at = start + 1; prefix !== undefined; at += 1) {
        if (prefix.ngram !== -1) counts[prefix.ngram] = (counts[prefix.ngram] as number) + 1;
        if (at === text.length) break;
        prefix = prefix.next.get(text.charCodeAt(at));
      }
    }
    return counts;
  }

  #add(ngram: string, index: number): void {
    let prefix = this.#root;
    for (let at = 0; at < ngram.length; at += 1) {
      const unit = ngram.charCodeAt(at);
      const next = prefix.next.get(unit) ?? { next: new Map(), ngram: -1 };
      prefix.next.set(unit, next);
      prefix = next;
    }
    prefix.ngram = index;
  }
}
