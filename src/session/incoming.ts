/** The receiving side of QoS 1 and 2: which packet ids are open, and how many may be. */

import { ProtocolError } from '../packet/protocol-error.ts';
import { reasonCodes } from '../packet/reason-codes.ts';
import { PacketIds } from './packet-ids.ts';

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
  // Of QoS 2, taken in this connection: they count against the window.
  #open: PacketIds | undefined;
  // Of QoS 2, left open by earlier ones. The window begins anew with each connection, in which the
  // peer may have forgotten them (MQTT 5.0 section 4.9).
  #leftOpen: Set<number> | undefined;
  #unacknowledged = 0;
  readonly #keeper: IncomingKeeper | undefined;

  /** @param openIds what the keeper has been told before */
  constructor(keeper?: IncomingKeeper, openIds: Iterable<number> = []) {
    this.#keeper = keeper;
    for (const packetId of openIds) this.#leaveOpen(packetId);
  }

  /** QoS 2 messages whose PUBREL has not come. */
  get openCount(): number {
    return (this.#open?.size ?? 0) + (this.#leftOpen?.size ?? 0);
  }

  /** Their packet ids. */
  openIds(): Iterable<number> {
    return [...(this.#leftOpen ?? []), ...(this.#open ?? [])];
  }

  /** Whether a PUBLISH of QoS 2 with the id was taken before, and no PUBREL has come. */
  awaitsPubrel(packetId: number): boolean {
    return this.#open?.has(packetId) === true || this.#leftOpen?.has(packetId) === true;
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
    this.#open ??= new PacketIds();
    if (this.#open.has(packetId)) return false;
    this.#count();
    this.#open.add(packetId);
    if (this.#leftOpen?.delete(packetId) === true) return false;
    this.#keeper?.opened(packetId);
    return true;
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
    if (this.#open?.delete(packetId) === true) this.#unacknowledged--;
    else if (this.#leftOpen?.delete(packetId) !== true) return false;
    this.#keeper?.closed(packetId);
    return true;
  }

  /**
   * A new connection begins: its window is empty.
   *
   * @param receiveMax the Receive Maximum that the peer was told, 1 to 65,535
   */
  resume(receiveMax: number): void {
    this.#receiveMax = receiveMax;
    this.#unacknowledged = 0;
    for (const packetId of this.#open ?? []) this.#leaveOpen(packetId);
    this.#open = undefined;
  }

  #leaveOpen(packetId: number): void {
    this.#leftOpen ??= new Set();
    this.#leftOpen.add(packetId);
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
