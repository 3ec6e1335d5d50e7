/** The input of one connection, on its way from pieces of bytes to packets. */

import type { AcknowledgementType } from '../packet/acknowledgement.ts';
import type { Packet } from '../packet/packet.ts';
import type { PacketMemory } from '../packet/packet-memory.ts';
import type { PacketReader } from '../packet/packet-reader.ts';
import type { ProtocolVersion } from '../packet/version.ts';
import type { Link } from '../session/link.ts';

/**
 * Packets are taken when the connection is ready for them. What comes meanwhile is held, so that a
 * connection which is not for long should `pause` the link.
 */
export class Intake {
  readonly #link: Link;
  readonly #reader: PacketReader;
  #held: Uint8Array[] | undefined;
  #isDrained = true;
  #isPaused = false;
  #bytesSinceRest = 0;

  constructor(link: Link, reader: PacketReader) {
    this.#link = link;
    this.#reader = reader;
  }

  /** Of the CONNECT that has come, or of the answer to one that could not be read. */
  get version(): ProtocolVersion | undefined {
    return this.#reader.version;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Bytes since the connection last left a turn to others, and so at least those of this turn. */
  get bytesSinceRest(): number {
    return this.#bytesSinceRest;
  }

  /** Of the packet that `next` returned last. */
  get memory(): PacketMemory {
    return this.#reader;
  }

  endRest(): void {
    this.#bytesSinceRest = 0;
  }

  /** @param bytes lent until `keepRest` */
  push(bytes: Uint8Array): void {
    this.#bytesSinceRest += bytes.length;
    if (this.#isDrained) {
      this.#isDrained = false;
      this.#reader.push(bytes);
      return;
    }
    this.#held ??= [];
    this.#held.push(new Uint8Array(bytes));
  }

  /** The bytes that were pushed last will be used for something else. */
  keepRest(): void {
    if (!this.#isDrained) this.#reader.keepRest();
  }

  /**
   * @returns undefined when all that has come is read
   * @throws ProtocolError for what is no packet of a client's
   */
  next(): Packet | undefined {
    for (;;) {
      const packet = this.#reader.next();
      if (packet !== undefined) return packet;
      const bytes = this.#held?.shift();
      if (bytes === undefined) {
        this.#isDrained = true;
        return undefined;
      }
      this.#reader.push(bytes);
    }
  }

  nextAcknowledgement(): AcknowledgementType | undefined {
    return this.#reader.nextAcknowledgement();
  }

  get packetId(): number {
    return this.#reader.packetId;
  }

  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#link.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#link.resume();
  }

  /** Forgets what is held: nobody will read it. */
  discard(): void {
    this.#held = undefined;
  }
}
