/** Keep-alive as a client does it: PINGREQ in time, and an eye on the server's silence. */

/** Bytes that went over the wire. */
export interface Volume {
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

// A volume only counts bytes; when they went is not noted, which would cost every packet. Whoever
// looks twice per keep-alive, and pings if nothing was sent since the last look, is never silent
// for longer than two looks: 0.9 of the keep-alive, so that a timer may be late. [MQTT-3.1.2-20]
const lookShare = 0.45;

// After this many looks without a byte PINGREQ goes out even while there is something to send.
const silentLooksMax = 2;

// From that PINGREQ on the server has another two looks to answer.
const deadLooks = 4;

export class KeepAlive {
  readonly #lookMilliseconds: number;
  readonly #traffic: Volume;
  #sentBytes: number;
  #receivedBytes: number;
  #silentLooks = 0;
  #dueAt: number;

  constructor(seconds: number, traffic: Volume, now: number) {
    this.#lookMilliseconds = seconds * 1000 * lookShare;
    this.#traffic = traffic;
    this.#sentBytes = traffic.sentBytes;
    this.#receivedBytes = traffic.receivedBytes;
    this.#dueAt = now + this.#lookMilliseconds;
  }

  /** When to look next, in the clock's milliseconds. */
  get dueAt(): number {
    return this.#dueAt;
  }

  /** Nothing was read for a while, so that the server's silence means nothing. */
  excuseSilence(): void {
    this.#silentLooks = 0;
    this.#receivedBytes = this.#traffic.receivedBytes - 1;
  }

  /** @returns what to do now */
  look(now: number): 'rest' | 'ping' | 'give up' {
    const { sentBytes, receivedBytes } = this.#traffic;
    const hasSpoken = sentBytes !== this.#sentBytes;
    const hasHeard = receivedBytes !== this.#receivedBytes;
    this.#sentBytes = sentBytes;
    this.#receivedBytes = receivedBytes;
    this.#dueAt = now + this.#lookMilliseconds;
    this.#silentLooks = hasHeard ? 0 : this.#silentLooks + 1;
    if (this.#silentLooks >= deadLooks) return 'give up';
    return hasSpoken && this.#silentLooks < silentLooksMax ? 'rest' : 'ping';
  }
}
