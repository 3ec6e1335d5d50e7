/** What the broker needs of its machine, as Node has it. */

import { randomUUID } from 'node:crypto';
import type { Host } from '../broker/broker.ts';
import { MemoryInUse } from './memory-in-use.ts';

// setTimeout takes no more; a wake that comes too early only sets the next.
const timeoutMillisecondsMax = 2 ** 31 - 1;

/** Keeps the broker's one timer. */
export class NodeHost implements Host {
  readonly clock = { now: (): number => performance.now() };
  readonly date = (): number => Date.now();
  readonly #memory = new MemoryInUse().watchCollector();
  #wake: ((now: number) => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** From now on `wake` is called at the times that were asked for. */
  start(wake: (now: number) => void): void {
    this.#wake = wake;
  }

  stop(): void {
    this.#wake = undefined;
    clearTimeout(this.#timer);
  }

  /** In the check phase: by then every socket that had something has been read. */
  readonly atEndOfTurn = (flush: () => void): void => {
    setImmediate(flush);
  };

  readonly wakeAt = (at: number): void => {
    clearTimeout(this.#timer);
    const milliseconds = Math.ceil(at - this.clock.now());
    this.#timer = setTimeout(
      () => this.#wake?.(this.clock.now()),
      Math.min(Math.max(milliseconds, 0), timeoutMillisecondsMax),
    );
  };

  // In capitals, as the identifiers that Mosquitto assigns.
  readonly randomId = (): string => randomUUID().toUpperCase();

  readonly heapBytes = (): number => this.#memory.bytes(this.clock.now());
}
