/** SUBSCRIBE and UNSUBSCRIBE packets that wait for their answer. */

import { protocolError } from '../packet/protocol-error.ts';
import { type ReasonCode, reasonCodes } from '../packet/reason-codes.ts';
import type { Suback } from '../packet/suback.ts';
import type { Unsuback } from '../packet/unsuback.ts';
import type { Outgoing } from '../session/outgoing.ts';
import { ClientError, reasonText } from './client-error.ts';

type Answer = Suback | Unsuback;

interface Request {
  readonly answer: Answer['type'];
  readonly filters: readonly string[];
  readonly outcome: PromiseWithResolvers<readonly ReasonCode[]>;
}

export class Requests {
  readonly #outgoing: Outgoing;
  readonly #pending = new Map<number, Request>();

  constructor(outgoing: Outgoing) {
    this.#outgoing = outgoing;
  }

  get count(): number {
    return this.#pending.size;
  }

  /**
   * @param send sends the request under the packet id that it is given
   * @returns a promise of the answer: one reason code per filter, none from UNSUBACK in MQTT 3.x.
   *   It rejects with ClientError when every single filter was refused.
   */
  open(
    answer: Answer['type'],
    filters: readonly string[],
    send: (packetId: number) => boolean,
  ): Promise<readonly ReasonCode[]> {
    const packetId = this.#outgoing.reservePacketId();
    if (packetId === undefined) {
      throw new ClientError('dropped', 'too many requests wait for an answer of the server');
    }
    const request = { answer, filters, outcome: Promise.withResolvers<readonly ReasonCode[]>() };
    this.#pending.set(packetId, request);
    try {
      if (send(packetId)) return request.outcome.promise;
    } catch (error) {
      this.#close(packetId);
      throw error;
    }
    this.#close(packetId);
    throw new ClientError('dropped', 'the request is too large for the server', {
      reasonCode: reasonCodes.packetTooLarge,
    });
  }

  /** @throws ProtocolError when there was no such request */
  answer({ type, packetId, reasonCodes: codes, properties }: Answer): void {
    const request = this.#pending.get(packetId);
    if (request?.answer !== type) {
      throw protocolError(`${type.toUpperCase()} for packet ${packetId}, which asked for none`);
    }
    const { filters, outcome } = request;
    const isMute = type === 'unsuback' && codes.length === 0;
    if (codes.length !== filters.length && !isMute) {
      throw protocolError(
        `${type.toUpperCase()} with ${codes.length} reason codes for ${filters.length} filters`,
      );
    }
    this.#close(packetId);
    if (isMute || codes.some((code) => code < 0x80)) {
      outcome.resolve(codes);
      return;
    }
    const reason = reasonText(codes[0], properties?.reasonString);
    const text = `the server refused '${filters.join("', '")}', ${reason}`;
    outcome.reject(new ClientError('refused', text, { reasonCode: codes[0] }));
  }

  /** No answer will come any more. */
  fail(cause: ClientError): void {
    for (const [packetId, { outcome }] of this.#pending) {
      this.#close(packetId);
      outcome.reject(cause);
    }
  }

  #close(packetId: number): void {
    this.#pending.delete(packetId);
    this.#outgoing.freePacketId(packetId);
  }
}
