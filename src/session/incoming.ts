/** The receiving side of QoS 1 and 2: which packet ids are open, and how many may be. */

import { ProtocolError } from '../packet/protocol-error.ts';
import { reasonCodes } from '../packet/reason-codes.ts';

/** Is told which ids of QoS 2 are open, to know them after a restart of this process. */
export interface IncomingKeeper {
  opened(packetId: number): void;
  closed(packetId: number): void;
}

/**
 * Messages that the peer has sent and that are not acknowledged to the end. The ids of QoS 2
 * outlive the connection, so that a PUBLISH that is sent again after a reconnect is known.
 * [MQTT-4.3.3-10]
 */
export class Incoming {
  #receiveMax = 0;
  // QoS 2 id → whether it counts against the window: that begins anew with each connection, in
  // which the peer may have forgotten what the last one left open (MQTT 5.0 section 4.9).
  #exactlyOnce: Map<number, boolean> | undefined;
  #unacknowledged = 0;
  readonly #keeper: IncomingKeeper | undefined;

  /** @param openIds what the keeper has been told before */
  constructor(keeper?: IncomingKeeper, openIds: Iterable<number> = []) {
    this.#keeper = keeper;
    for (const packetId of openIds) this.#open(packetId, false);
  }

  /** QoS 2 messages whose PUBREL has not come. */
  get openCount(): number {
    return this.#exactlyOnce?.size ?? 0;
  }

  /** Their packet ids. */
  openIds(): Iterable<number> {
    return this.#exactlyOnce?.keys() ?? [];
  }

  /** Whether a PUBLISH of QoS 2 with the id was taken before, and no PUBREL has come. */
  isOpen(packetId: number): boolean {
    return this.#exactlyOnce?.has(packetId) ?? false;
  }

  /**
   * A PUBLISH of QoS 1 has arrived; `acknowledge` when its PUBACK leaves.
   *
   * @throws ProtocolError when the peer sends more than it was allowed [MQTT-3.3.4-7]
   */
  publishedAtLeastOnce(): void {
    this.#count();
  }

  /**
   * A PUBLISH of QoS 2 has arrived.
   *
   * @returns false when it is one that was taken before: PUBREC again, but deliver nothing.
   * @throws ProtocolError when the peer sends more than it was allowed [MQTT-3.3.4-9]
   */
  publishedExactlyOnce(packetId: number): boolean {
    const counted = this.#exactlyOnce?.get(packetId);
    if (counted === true) return false;
    this.#count();
    this.#open(packetId, true);
    if (counted === undefined) this.#keeper?.opened(packetId);
    return counted === undefined;
  }

  /** The PUBACK for a QoS 1 message leaves. */
  acknowledge(): void {
    this.#unacknowledged--;
  }

  /**
   * The QoS 2 exchange ends: PUBREL has come, or a PUBREC with a failure leaves.
   *
   * @returns false when no such exchange was open.
   */
  release(packetId: number): boolean {
    const counted = this.#exactlyOnce?.get(packetId);
    if (counted === undefined) return false;
    if (counted) this.#unacknowledged--;
    this.#keeper?.closed(packetId);
    return this.#exactlyOnce!.delete(packetId);
  }

  /**
   * A new connection begins: its window is empty.
   *
   * @param receiveMax the Receive Maximum that the peer was told, 1 to 65,535
   */
  resume(receiveMax: number): void {
    this.#receiveMax = receiveMax;
    this.#unacknowledged = 0;
    if (this.#exactlyOnce === undefined) return;
    for (const packetId of this.#exactlyOnce.keys()) this.#exactlyOnce.set(packetId, false);
  }

  #open(packetId: number, counted: boolean): void {
    this.#exactlyOnce ??= new Map();
    this.#exactlyOnce.set(packetId, counted);
  }

  #count(): void {
    if (this.#unacknowledged >= this.#receiveMax) {
      throw new ProtocolError(
        reasonCodes.receiveMaximumExceeded,
        `more than ${this.#receiveMax} messages of QoS 1 and 2 are unacknowledged`,
      );
    }
    this.#unacknowledged++;
  }
}
