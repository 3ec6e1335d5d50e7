/** What a look at an LMDB file has found. */

/** Something in the file that is not as LMDB would have written it. */
export interface LmdbDamage {
  /** The page where it is; undefined when it is about the file as a whole. */
  readonly page: number | undefined;
  readonly message: string;
}

/** What is in a file. */
export interface LmdbReport {
  /** Empty: LMDB can be given the file. */
  readonly damage: readonly LmdbDamage[];
  /** How many were handed over. */
  readonly records: number;
  /** All pages up to the last one that is in use or has been. */
  readonly pages: number;
  readonly freePages: number;
  readonly pageBytes: number;
  /** Counts the transactions of the file since it was made. */
  readonly transaction: number;
}

const damagesMax = 1_000;

/** What was found, up to a limit: a file can be wrong in a million places. */
export class DamageList {
  readonly #damages: LmdbDamage[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(page: number | undefined, message: string): void {
    this.#count += 1;
    if (this.#count <= damagesMax) this.#damages.push({ page, message });
  }

  toArray(): readonly LmdbDamage[] {
    const more = this.#count - this.#damages.length;
    if (more === 0) return this.#damages;
    return [...this.#damages, { page: undefined, message: `and ${more} more` }];
  }
}
