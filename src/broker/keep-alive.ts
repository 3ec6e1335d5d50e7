/** Whether a client is still there. (MQTT 5.0 section 3.1.2.10) */

// A client that sends pieces of this size is alive, if slow; Mosquitto draws the same line.
const largePieceBytes = 1000;

/** What a connection knows of its client's silence. */
export interface Silence {
  /** Bytes that the client has taken since the connection began. */
  readonly takenBytes: number;
  /** The silence is ours: what the client sends is not read for now. */
  readonly isPaused: boolean;
  /** The same, until it is known what becomes of a packet of its own. */
  readonly isHeld: boolean;
}

/** Costs nothing per packet but a note of the time; looked at when its deadline comes. */
export class KeepAlive {
  readonly #milliseconds: number;
  #lastSignAt: number;
  // What the client had taken when it was looked at last.
  #takenBytes = 0;

  /** @param seconds the agreed keep-alive, above 0; a client gets half as much again */
  constructor(seconds: number, now: number) {
    this.#milliseconds = seconds * 1500;
    this.#lastSignAt = now;
  }

  get firstDeadline(): number {
    return this.#lastSignAt + this.#milliseconds;
  }

  /** Whole packets count [MQTT-3.1.2-22], and large pieces, as a large packet may take long. */
  piece(bytes: number, now: number): void {
    if (bytes >= largePieceBytes) this.#lastSignAt = now;
  }

  packet(now: number): void {
    this.#lastSignAt = now;
  }

  /** @returns when to look again; undefined when the client's time is over */
  nextDeadline(now: number, { takenBytes, isPaused, isHeld }: Silence): number | undefined {
    const takes = takenBytes > this.#takenBytes;
    this.#takenBytes = takenBytes;
    const deadline = this.#lastSignAt + this.#milliseconds;
    if (deadline > now) return deadline;
    return isHeld || (isPaused && takes) ? now + this.#milliseconds : undefined;
  }
}
