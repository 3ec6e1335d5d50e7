/** What became of each published message, for whoever waits to know. */

import { type ReasonCode, reasonCodes } from '../packet/reason-codes.ts';
import type { QoS } from '../packet/version.ts';
import type { Delivery, DropCause } from '../session/delivery.ts';
import { Message } from '../session/message.ts';
import type { OutgoingEvents } from '../session/outgoing-options.ts';
import { ClientError, reasonText } from './client-error.ts';

/** Is told once, and as a promise is. */
export interface Outcome {
  /** It is done: acknowledged to the end, with the server's last reason code. */
  resolve(reasonCode: ReasonCode): void;
  reject(error: ClientError): void;
}

/** A message of this side's own. */
export class Publication extends Message {
  /** Undefined as long as nobody waits, or any more. */
  outcome: Outcome | undefined = undefined;
  /** Among those that somebody waits for. */
  place = 0;
  /** Its place in the order of publication. */
  sequence = 0;
}

/**
 * Those that somebody waits for. No Map: each time that a Map of a steady size makes room, its old
 * table keeps what was in it, and what follows that, until all of the heap is collected.
 */
export class Publications implements OutgoingEvents {
  // Of QoS 1 and 2: of one of QoS 0 all is known at once, and `fault` says it.
  readonly #pending: Publication[] = [];
  #sequence = 0;
  #fault: ClientError | undefined;

  /** Messages that have neither arrived nor failed. */
  get count(): number {
    return this.#pending.length;
  }

  /** In the order of publication. */
  messages(): Publication[] {
    return this.#pending.toSorted((a, b) => a.sequence - b.sequence);
  }

  add(publication: Publication, outcome: Outcome): void {
    publication.outcome = outcome;
    publication.sequence = this.#sequence++;
    publication.place = this.#pending.push(publication) - 1;
  }

  /** Why the last message of QoS 0 was not sent, asked for once; undefined: it was. */
  takeFault(): ClientError | undefined {
    const fault = this.#fault;
    if (fault !== undefined) this.#fault = undefined;
    return fault;
  }

  /** It is acknowledged to the end. */
  succeed(message: Message, reasonCode: ReasonCode): void {
    this.#take(message)?.resolve(reasonCode);
  }

  fail(message: Message, error: ClientError): void {
    this.#take(message)?.reject(error);
  }

  settled({ message }: Delivery, reasonCode: ReasonCode): void {
    // Not the server's word, but this side's: `dropped` follows.
    if (reasonCode === reasonCodes.packetTooLarge) return;
    // PUBCOMP with 0x92: the server has forgotten the id, after it had taken the message.
    const isFailure = reasonCode >= 0x80 && reasonCode !== reasonCodes.packetIdentifierNotFound;
    if (!isFailure) return this.succeed(message, reasonCode);
    const text = `the server refused a message to '${message.topic}', ${reasonText(reasonCode)}`;
    this.fail(message, new ClientError('refused', text, { reasonCode }));
  }

  dropped(message: Message, qos: QoS, cause: DropCause): void {
    const tooLarge = cause === 'packet too large';
    const text = `a message to '${message.topic}' was not sent: ${cause}`;
    const reasonCode = tooLarge ? reasonCodes.packetTooLarge : undefined;
    const error = new ClientError('dropped', text, { reasonCode });
    if (qos === 0) this.#fault = error;
    else this.fail(message, error);
  }

  #take(message: Message): Outcome | undefined {
    if (!(message instanceof Publication)) return undefined;
    const { outcome, place } = message;
    if (outcome === undefined) return undefined;
    message.outcome = undefined;
    const last = this.#pending.pop()!;
    if (last !== message) {
      this.#pending[place] = last;
      last.place = place;
    }
    return outcome;
  }
}
