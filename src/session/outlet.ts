/** Where the packets of one peer's deliveries leave: the present connection. */

import type { ReasonCode } from '../packet/reason-codes.ts';
import type { QoS } from '../packet/version.ts';
import type { DropCause, Terms } from './delivery.ts';
import type { Message } from './message.ts';

export interface Outlet {
  /** False while the network takes no more: what comes then waits, or is dropped at QoS 0. */
  readonly canTake: boolean;

  /** @returns why the message cannot go to the peer at all; undefined when it has left */
  publish(
    message: Message,
    qos: QoS,
    retain: boolean,
    terms: Terms | undefined,
    packetId: number,
    dup: boolean,
  ): DropCause | undefined;

  pubrel(packetId: number, reasonCode: ReasonCode): void;
}
