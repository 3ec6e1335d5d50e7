/** What the broker needs of its machine, as Node has it. */

import { randomUUID } from 'node:crypto';
import type { Host } from '../broker/broker.ts';
import { MemoryInUse } from './memory-in-use.ts';
import { TimerHost } from './timer-host.ts';

export class NodeHost implements Host {
  readonly #timer = new TimerHost();
  readonly #memory = new MemoryInUse().watchCollector();
  readonly clock = this.#timer.clock;
  readonly date = (): number => Date.now();
  readonly atEndOfTurn = this.#timer.atEndOfTurn;
  readonly wakeAt = this.#timer.wakeAt;

  /** From now on `wake` is called at the times that were asked for. */
  start(wake: (now: number) => void): void {
    this.#timer.start(wake);
  }

  stop(): void {
    this.#timer.stop();
  }

  // In capitals, as the identifiers that Mosquitto assigns.
  readonly randomId = (): string => randomUUID().toUpperCase();

  readonly heapBytes = (): number => this.#memory.bytes(this.clock.now());
}
