/** One network connection as both of its ends should see it. */

import type { Connect, Will } from '../../src/packet/connect.ts';
import { fromClient } from '../../src/packet/from-client.ts';
import type { Packet } from '../../src/packet/packet.ts';
import { PacketReader } from '../../src/packet/packet-reader.ts';
import type { Publish } from '../../src/packet/publish.ts';
import type { Copy, Publication } from './publication.ts';
import type { ReferenceSession } from './reference-session.ts';
import type { SimulatedLink } from './simulated-link.ts';

export type EndCause =
  | 'client left'
  | 'connection lost'
  | 'taken over'
  | 'keep-alive'
  | 'no CONNECT in time'
  | 'not stored'
  | 'shut down'
  | 'crash';

/** A packet on its way to the client. */
export interface Sent {
  readonly packet: Packet;
  /** What a PUBLISH brings; undefined for other packets and for `$SYS`. */
  readonly copy: Copy | undefined;
  /** Of a PUBLISH, also where it has an alias instead. */
  readonly topic: string;
}

/** An answer that a client waits for. */
export interface Answer {
  readonly type: Packet['type'];
  readonly packetId: number;
  /** What it may say; none: whatever it likes. */
  readonly outcomes: readonly string[];
  /** It leaves, and so what it answers must be safe. */
  readonly certify?: (() => void) | undefined;
  /** Absent where it must not say that something cannot be stored. */
  readonly refusal?: Refusal | undefined;
}

/** What happens where an answer says that something cannot be stored. */
export interface Refusal {
  /** Undefined where a session is refused. */
  readonly publication: Publication | undefined;
  /** The commit without which nobody can say anything else; undefined: nobody can tell. */
  readonly commit: number | undefined;
  /** @returns what follows when the answer has left */
  readonly refuse: () => () => void;
}

/** Quota exceeded, as `Answer.outcomes` has it. */
export const refused = String(0x97);

const packetBytesMax = 268_435_455;
const largePieceBytes = 1000;

export class ReferenceConnection {
  readonly link: SimulatedLink;
  readonly clientId: string;
  readonly openedAt: number;
  /** What the client has asked for, from CONNECT on. */
  connect: Connect | undefined;
  /** From CONNACK until the end. */
  session: ReferenceSession | undefined;
  will: Will | undefined;
  ended: EndCause | undefined;
  /** Messages of QoS 1 and 2 that were sent over it and not acknowledged to the end. */
  unacknowledged = 0;
  readonly owed: Answer[] = [];
  readonly onTheWay: Sent[] = [];
  readonly #reader = new PacketReader({ from: fromClient, packetBytesMax });
  readonly #arrived: Packet[] = [];
  readonly #aliasesUp = new Map<number, string>();
  readonly #aliasesDown = new Map<number, string>();
  #lastSignAt: number;
  readonly #lastInLane = new Map<string, number>();

  constructor(link: SimulatedLink, clientId: string, now: number) {
    this.link = link;
    this.clientId = clientId;
    this.openedAt = now;
    this.#lastSignAt = now;
  }

  get receiveMaximum(): number {
    return this.connect?.properties?.receiveMaximum ?? 65_535;
  }

  get maximumPacketSize(): number {
    return this.connect?.properties?.maximumPacketSize ?? Number.POSITIVE_INFINITY;
  }

  /** When it ends for the client's silence. [MQTT-3.1.2-22] */
  get silentAt(): number {
    const seconds = this.connect?.keepAliveSeconds ?? 0;
    return seconds === 0 ? Number.POSITIVE_INFINITY : this.#lastSignAt + seconds * 1500;
  }

  showsLife(now: number): void {
    this.#lastSignAt = now;
    this.link.noteRead();
  }

  /** Packets that have arrived at the broker and not been taken. */
  get arrivedCount(): number {
    return this.#arrived.length;
  }

  arrive(bytes: Uint8Array, now: number): void {
    // Whole packets count, and large pieces of them.
    if (bytes.length >= largePieceBytes) this.showsLife(now);
    this.#reader.push(bytes);
    for (let packet = this.#reader.next(); packet; packet = this.#reader.next()) {
      this.#arrived.push(packet);
    }
  }

  takeNext(now: number): Packet | undefined {
    this.showsLife(now);
    return this.#arrived.shift();
  }

  topicFromClient({ topic, properties }: Publish): string {
    return resolve(this.#aliasesUp, topic, properties?.topicAlias);
  }

  topicToClient({ topic, properties }: Publish): string {
    return resolve(this.#aliasesDown, topic, properties?.topicAlias);
  }

  /** CONNACK is still to come, though the session is taken up: it waits to be stored. */
  get isAwaitingConnack(): boolean {
    return this.session !== undefined && this.owed.some(({ type }) => type === 'connack');
  }

  owe(
    type: Packet['type'],
    packetId = 0,
    outcomes: readonly string[] = [],
    { certify, refusal }: Pick<Answer, 'certify' | 'refusal'> = {},
  ): void {
    this.owed.push({ type, packetId, outcomes, certify, refusal });
  }

  /**
   * The store fails. Answers that are to come will say so, perhaps late, as they keep their order;
   * of some that is certain now.
   *
   * @param commitsDone the commits that are safe
   */
  storeFails(commitsDone: number): void {
    this.owed.forEach((answer, at) => {
      const { publication, commit, refuse } = answer.refusal ?? {};
      if (publication === undefined) return;
      publication.isDoubtful = true;
      if (commit === undefined || commit <= commitsDone) return;
      this.owed[at] = { ...answer, outcomes: [refused], certify: refuse!(), refusal: undefined };
    });
  }

  /** @returns false when a later message of the lane was sent before it */
  isInOrder({ lane, publication }: Copy): boolean {
    if (lane === undefined) return true;
    const last = this.#lastInLane.get(lane) ?? -1;
    this.#lastInLane.set(lane, publication.serial);
    return publication.serial > last;
  }
}

function resolve(aliases: Map<number, string>, topic: string, alias: number | undefined): string {
  if (alias === undefined) return topic;
  if (topic !== '') aliases.set(alias, topic);
  return aliases.get(alias) ?? '';
}
