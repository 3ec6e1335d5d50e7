/** Waiting for what the clients see, with a guard against waiting for ever. */

/** Something did not come about in a time that is ample. */
export class StuckError extends Error {
  override readonly name = 'StuckError';
}

/** Tells those who wait that something has happened. */
export class Watch {
  readonly #waiting = new Set<() => void>();

  notify(): void {
    for (const look of this.#waiting) look();
  }

  /**
   * Resolves as soon as `isMet` holds.
   *
   * @param explain what is missing, for when it does not come
   * @throws StuckError after `seconds`
   */
  async until(isMet: () => boolean, seconds: number, explain: () => string): Promise<void> {
    if (isMet()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => {
      if (isMet()) resolve();
    };
    this.#waiting.add(look);
    try {
      await within(promise, seconds, explain);
    } finally {
      this.#waiting.delete(look);
    }
  }
}

/** @throws StuckError when `promise` takes longer than `seconds` */
export async function within<T>(
  promise: Promise<T>,
  seconds: number,
  explain: () => string,
): Promise<T> {
  const { promise: stuck, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new StuckError(`not within ${seconds} s: ${explain()}`)),
    seconds * 1000,
  );
  try {
    return await Promise.race([promise, stuck]);
  } finally {
    clearTimeout(timer);
  }
}
