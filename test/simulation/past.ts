/** What something has been since it was last known to be safe. */

/** One of the values, as a handle: equal values can be told apart. */
export interface Version<T> {
  readonly value: T;
}

/** After a crash it may be any of what it has been since; what was before is over. */
export class Past<T> {
  // The first is certain, the last is the present one.
  #versions: Version<T>[];

  constructor(value: T) {
    this.#versions = [{ value }];
  }

  get present(): T {
    return this.#versions.at(-1)!.value;
  }

  /** The present one last. */
  get possible(): readonly T[] {
    return this.#versions.map(({ value }) => value);
  }

  get presentVersion(): Version<T> {
    return this.#versions.at(-1)!;
  }

  become(value: T): Version<T> {
    const version = { value };
    this.#versions.push(version);
    return version;
  }

  /** The store has that one, or a later one. */
  certify(version: Version<T>): void {
    const at = this.#versions.indexOf(version);
    if (at > 0) this.#versions.splice(0, at);
  }

  /** That one is taken back: what was before it may hold again. */
  withdraw(version: Version<T>): void {
    const at = this.#versions.indexOf(version);
    if (at > 0) this.#versions.splice(at, 1);
  }
}
