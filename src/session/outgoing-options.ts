/** What the owner of a sending side sets, and what it is told. */

import type { ReasonCode } from '../packet/reason-codes.ts';
import type { QoS } from '../packet/version.ts';
import type { Delivery, DropCause } from './delivery.ts';
import type { QueueLimits } from './delivery-queue.ts';
import type { Message } from './message.ts';

export interface OutgoingEvents {
  /** A delivery of QoS 1 or 2 has come to its end, with the peer's last reason code. */
  settled?(delivery: Delivery, reasonCode: ReasonCode): void;
  dropped(message: Message, qos: QoS, cause: DropCause): void;
  /** Whether a message that has waited, or was sent before, may not go to the peer any more. */
  isBarred?(message: Message): boolean;
  /** The store had deliveries and cannot give them back. */
  unreadable?(count: number): void;
  /** The store has answered, and more may be sent than before. */
  eased?(now: number): void;
}

export interface OutgoingLimits extends QueueLimits {
  /** Messages of QoS 1 and 2 that may be unacknowledged, before the peer's own limit; 0: none. */
  readonly inflightMessagesMax: number;
  /** The same in bytes of payload; 0 or absent: no limit. */
  readonly inflightBytesMax?: number;
  /** Whether QoS 0 waits in the queue too while the peer is away. */
  readonly queueQos0: boolean;
}
