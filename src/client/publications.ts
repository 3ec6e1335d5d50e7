/** What became of each published message, for whoever waits to know. */

import { type ReasonCode, reasonCodes } from '../packet/reason-codes.ts';
import type { QoS } from '../packet/version.ts';
import type { Delivery, DropCause } from '../session/delivery.ts';
import type { Message } from '../session/message.ts';
import type { OutgoingEvents } from '../session/outgoing-options.ts';
import { ClientError, reasonText } from './client-error.ts';

export class Publications implements OutgoingEvents {
  readonly #pending = new Map<Message, PromiseWithResolvers<ReasonCode>>();

  /** Messages that have neither arrived nor failed. */
  get count(): number {
    return this.#pending.size;
  }

  /** In the order of publication. */
  messages(): Message[] {
    return [...this.#pending.keys()];
  }

  /** @returns a promise of the server's last reason code; it rejects with ClientError */
  add(message: Message): Promise<ReasonCode> {
    const outcome = Promise.withResolvers<ReasonCode>();
    this.#pending.set(message, outcome);
    return outcome.promise;
  }

  /** It is done: handed over at QoS 0, acknowledged to the end at QoS 1 and 2. */
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

  dropped(message: Message, _qos: QoS, cause: DropCause): void {
    const tooLarge = cause === 'packet too large';
    const text = `a message to '${message.topic}' was not sent: ${cause}`;
    const reasonCode = tooLarge ? reasonCodes.packetTooLarge : undefined;
    this.fail(message, new ClientError('dropped', text, { reasonCode }));
  }

  #take(message: Message): PromiseWithResolvers<ReasonCode> | undefined {
    const outcome = this.#pending.get(message);
    this.#pending.delete(message);
    return outcome;
  }
}
