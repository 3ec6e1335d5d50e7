/** The acknowledgements of one connection: they leave in order, each when what it says is safe. */

import type { Puback, Pubrec } from '../packet/acknowledgement.ts';
import type { Packet } from '../packet/packet.ts';
import { type ReasonCode, reasonCodes } from '../packet/reason-codes.ts';
import { Fifo } from '../session/fifo.ts';
import type { Incoming } from '../session/incoming.ts';
import type { Message } from '../session/message.ts';
import type { PacketSender } from '../session/packet-sender.ts';
import type { Journal, Waiter } from './state/journal.ts';
import { KeptMessage, type Pledge } from './state/kept-message.ts';

interface Answer {
  packet: Packet;
  /** The message that is acknowledged, until its deliveries are safe; null: there is none. */
  message: Message | null;
  /** The commit with which the rest is safe. */
  commit: number;
  readonly sent: (() => void) | undefined;
}

/** The connection, which does not read on while too many answers wait. */
export interface AnswersReader {
  eased(): void;
}

export interface AnswersOptions {
  readonly sender: PacketSender;
  readonly incoming: Incoming;
  /** Absent where nothing is stored. */
  readonly journal: Journal | undefined;
  readonly reader: AnswersReader;
  /** Answers that may wait. */
  readonly waitingMax: number;
}

const anyCommit = 0;

export class Answers implements Waiter, Pledge {
  readonly #options: AnswersOptions;
  #waiting: Fifo<Answer> | undefined;
  #isOverdue = false;

  constructor(options: AnswersOptions) {
    this.#options = options;
  }

  /** So many answers wait that no more questions should be read. */
  get isOverdue(): boolean {
    return this.#isOverdue;
  }

  /** Goes on with an exchange of QoS 2, behind the answers that wait. */
  proceed(type: 'pubrec' | 'pubcomp', packetId: number): void {
    const reasonCode = reasonCodes.success;
    if (this.#waiting === undefined) this.#options.sender.acknowledge(type, packetId, reasonCode);
    else this.send({ type, packetId, reasonCode });
  }

  /** Sends an answer behind those that wait. */
  send(packet: Packet): void {
    this.sendWith(anyCommit, packet);
  }

  /** Sends an answer, and then calls `sent`, when all that has changed up to now is safe. */
  sendKept(packet: Packet, sent?: () => void): void {
    this.sendWith(this.#options.journal?.horizon ?? anyCommit, packet, sent);
  }

  /** The same, when one commit is done. */
  sendWith(commit: number, packet: Packet, sent?: () => void): void {
    if (this.#waiting === undefined && this.#isKept(commit)) {
      this.#send(packet);
      sent?.();
      return;
    }
    this.#wait({ packet, message: null, commit, sent });
  }

  /**
   * Acknowledges a message when it is safe.
   *
   * @param changed whether more has changed than the queues of its receivers
   */
  acknowledge(packet: Puback | Pubrec, message: Message, changed: boolean): void {
    const { journal } = this.#options;
    const commit = changed && journal !== undefined ? journal.horizon : anyCommit;
    if (this.#waiting === undefined && this.#isKept(commit) && this.#isDelivered(message)) {
      const { type, packetId, reasonCode } = packet;
      if (type === 'puback') this.#options.incoming.acknowledge();
      this.#options.sender.acknowledge(type, packetId, reasonCode);
      return;
    }
    const custody = KeptMessage.of(message);
    custody.pledge = this;
    custody.isBeingRouted = false;
    this.#wait({ packet, message, commit, sent: undefined });
  }

  /** The connection is over. */
  discard(): void {
    for (const { message } of this.#waiting ?? []) forgo(message);
    this.#waiting = undefined;
    this.#options.journal?.unwatch(this);
  }

  kept(): void {
    this.release();
  }

  /** Sends those at the front that need not wait any more. */
  release(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    for (let first = waiting.peek(); first !== undefined; first = waiting.peek()) {
      const { packet, message, commit, sent } = first;
      if (!this.#isKept(commit) || !this.#isDelivered(message)) break;
      waiting.shift();
      forgo(message);
      this.#send(packet);
      sent?.();
    }
    const { journal, waitingMax, reader } = this.#options;
    if (this.#isOverdue && waiting.length < waitingMax / 2) {
      this.#isOverdue = false;
      reader.eased();
    }
    // What was sent may have ended the connection.
    if (waiting.length > 0 || this.#waiting !== waiting) return;
    this.#waiting = undefined;
    journal?.unwatch(this);
  }

  /** Publishers of MQTT 5.0 are told; those of 3.x cannot be, and wait. */
  failing(): void {
    if (this.#options.sender.version !== 5 || this.#waiting === undefined) return;
    for (const answer of this.#waiting) {
      const { packet, message, commit } = answer;
      if (message === null || (packet.type !== 'puback' && packet.type !== 'pubrec')) continue;
      if (packet.reasonCode >= 0x80) continue;
      if (this.#options.journal!.isKept(commit) && this.#isDelivered(message)) continue;
      this.#refuse(answer, packet, message);
    }
  }

  failed(): void {
    this.release();
  }

  #refuse(answer: Answer, packet: Puback | Pubrec, message: Message): void {
    // A failure ends the exchange.
    if (packet.type === 'pubrec') this.#options.incoming.release(packet.packetId);
    forgo(message);
    KeptMessage.of(message).isRefused = true;
    answer.packet = { ...packet, reasonCode: notStored };
    answer.message = null;
    answer.commit = anyCommit;
  }

  #wait(answer: Answer): void {
    if (this.#waiting === undefined) {
      this.#waiting = new Fifo();
      this.#options.journal?.watch(this);
    }
    this.#waiting.push(answer);
    if (this.#waiting.length >= this.#options.waitingMax) this.#isOverdue = true;
  }

  #isKept(commit: number): boolean {
    return commit === anyCommit || this.#options.journal!.isKept(commit);
  }

  /** Its deliveries are safe, or nobody needs them any more. */
  #isDelivered(message: Message | null): boolean {
    if (message === null || message.custody === undefined) return true;
    return message.custody.partsCount === 0 || !this.#options.journal!.keepsPromises;
  }

  #send(packet: Packet): void {
    if (packet.type === 'puback') this.#options.incoming.acknowledge();
    this.#options.sender.send(packet);
  }
}

/** What is refused because it cannot be stored: quota exceeded. */
export const notStored: ReasonCode = reasonCodes.quotaExceeded;

function forgo(message: Message | null): void {
  if (message?.custody !== undefined) KeptMessage.of(message).pledge = undefined;
}
