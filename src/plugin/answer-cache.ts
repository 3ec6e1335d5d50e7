/** Answers that are good for some time: the oldest go first when there are too many. */

export class AnswerCache<Answer> {
  readonly #milliseconds: number;
  readonly #entriesMax: number;
  readonly #entries = new Map<string, { readonly answer: Answer; readonly until: number }>();

  /** @param seconds 0: nothing is remembered */
  constructor(seconds: number, entriesMax: number) {
    this.#milliseconds = seconds * 1000;
    this.#entriesMax = entriesMax;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Answer | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.until > performance.now()) return entry.answer;
    this.#entries.delete(key);
    return undefined;
  }

  set(key: string, answer: Answer): void {
    if (this.#milliseconds === 0) return;
    this.#entries.delete(key);
    this.#entries.set(key, { answer, until: performance.now() + this.#milliseconds });
    if (this.#entries.size <= this.#entriesMax) return;
    const [oldest] = this.#entries.keys();
    this.#entries.delete(oldest);
  }
}
