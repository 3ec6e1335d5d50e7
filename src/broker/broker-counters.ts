/** Counters of the broker that are not traffic. */

export class BrokerCounters {
  /** Messages that a receiver did not get, for whatever cause. */
  dropped = 0;
  /** Sessions that ended because their time was over. */
  expiredSessions = 0;
  /** Network connections that were accepted. */
  sockets = 0;
  /** Of these, the ones that are open. */
  openSockets = 0;
  #connected = 0;
  #connectedMax = 0;

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
