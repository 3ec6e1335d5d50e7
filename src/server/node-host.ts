/** What the broker needs of Node: its clock, its event loop, its random numbers. */

import { randomUUID } from 'node:crypto';
import type { Broker, Host } from '../broker/broker.ts';

// setTimeout takes no longer spans.
const timeoutMillisecondsMax = 0x7fff_ffff;

/** Call `drive` with the broker as soon as there is one. */
export class NodeHost implements Host {
  readonly clock = { now: () => performance.now() };
  #broker: Broker | undefined;
  #timeout: NodeJS.Timeout | undefined;

  readonly atEndOfTurn = (flush: () => void): void => {
    setImmediate(flush);
  };

  readonly wakeAt = (at: number): void => {
    clearTimeout(this.#timeout);
    const milliseconds = Math.min(Math.max(0, at - performance.now()), timeoutMillisecondsMax);
    this.#timeout = setTimeout(this.#wake, Math.ceil(milliseconds));
    this.#timeout.unref();
  };

  readonly randomId = (): string => randomUUID().toUpperCase();

  drive(broker: Broker): void {
    this.#broker = broker;
  }

  stop(): void {
    clearTimeout(this.#timeout);
  }

  readonly #wake = (): void => {
    this.#broker?.wake(performance.now());
  };
}
