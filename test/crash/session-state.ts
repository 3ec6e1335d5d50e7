/** What a perfect client keeps of its session, as if on a disk that nothing harms. */

import type { Subscription } from '../../src/packet/subscribe.ts';
import type { Message } from './message.ts';

export interface InFlight {
  readonly message: Message;
  /** The packet to send again when the connection has broken. */
  step: 'publish' | 'pubrel';
}

/** A SUBSCRIBE or UNSUBSCRIBE without its answer. */
export interface Request {
  readonly packetId: number;
  readonly filter: string;
  /** Undefined to unsubscribe. */
  readonly subscription: Subscription | undefined;
  readonly answered: (reasonCode: number) => void;
}

export class SessionState {
  /** The broker has said that it has the session. */
  isEstablished = false;
  /** What was published, by packet id, in the order of PUBLISH. */
  readonly outgoing = new Map<number, InFlight>();
  /** Labels of QoS 2 messages that have been delivered but not released, by packet id. */
  readonly incoming = new Map<number, string>();
  readonly requests = new Map<number, Request>();
  #lastId = 0;

  /** A packet id that nothing is using. */
  takeId(): number {
    do this.#lastId = (this.#lastId % 0xffff) + 1;
    while (this.outgoing.has(this.#lastId) || this.requests.has(this.#lastId));
    return this.#lastId;
  }

  /** The broker has lost its side, so what was in flight can never be told from a duplicate. */
  discard(): void {
    this.outgoing.clear();
    this.incoming.clear();
  }
}
