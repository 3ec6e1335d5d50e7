/** Events with a name and a value each, for whoever listens. */

import { whenAborted } from './abort.ts';

export interface ListenOptions {
  /** Ends the listening. */
  readonly signal?: AbortSignal | undefined;
}

export class Events<Values> {
  // What ends the listening of each one.
  readonly #ends = new Set<() => void>();
  readonly #listeners = new Map<keyof Values, Set<(value: never) => void>>();

  /** @returns what ends the listening */
  on<Name extends keyof Values>(
    name: Name,
    listener: (value: Values[Name]) => void,
    { signal }: ListenOptions = {},
  ): () => void {
    // Another function for each call: who listens twice is told twice.
    const own = (value: Values[Name]) => listener(value);
    let listeners = this.#listeners.get(name);
    if (listeners === undefined) {
      listeners = new Set();
      this.#listeners.set(name, listeners);
    }
    const all = listeners;
    const off = () => {
      all.delete(own);
      this.#ends.delete(off);
      offSignal();
    };
    const offSignal = whenAborted(signal, off);
    if (signal?.aborted) return off;
    all.add(own);
    this.#ends.add(off);
    return off;
  }

  has(name: keyof Values): boolean {
    return (this.#listeners.get(name)?.size ?? 0) > 0;
  }

  /** Nobody listens any more. */
  end(): void {
    for (const off of [...this.#ends]) off();
  }

  /** What a listener throws is nobody's here: it is thrown again by itself. */
  emit<Name extends keyof Values>(name: Name, value: Values[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        (listener as (value: Values[Name]) => void)(value);
      } catch (error) {
        throwAlone(error);
      }
    }
  }
}

/** Throws where no caller is in the way, so that the host hears of it as of any other. */
export function throwAlone(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
