/** Counters of the broker that are not traffic. */

import type { DropCause } from '../session/delivery.ts';

export class BrokerCounters {
  /** Messages that a receiver did not get. */
  readonly dropped: Record<DropCause, number> = {
    'queue full': 0,
    expired: 0,
    'slow receiver': 0,
    offline: 0,
    'session ended': 0,
    'packet too large': 0,
    'not allowed': 0,
    'not stored': 0,
  };
  /** Sessions that ended because their time was over. */
  expiredSessions = 0;
  /** Network connections that were accepted. */
  sockets = 0;
  /** Of these, the ones that are open. */
  openSockets = 0;
  #connected = 0;
  #connectedMax = 0;

  /** Messages dropped because a limit was reached: what Mosquitto counts as dropped. */
  get droppedAtLimits(): number {
    return this.dropped['queue full'] + this.dropped['slow receiver'];
  }

  /** Clients with a CONNACK. */
  get connected(): number {
    return this.#connected;
  }

  /** The most clients that were connected at a time. */
  get connectedMax(): number {
    return this.#connectedMax;
  }

  clientEntered(): void {
    this.#connected++;
    if (this.#connected > this.#connectedMax) this.#connectedMax = this.#connected;
  }

  clientLeft(): void {
    this.#connected--;
  }
}
