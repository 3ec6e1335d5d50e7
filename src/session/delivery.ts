/** One message for one receiver, and what is agreed about it. */

import { type ProtocolError, protocolError } from '../packet/protocol-error.ts';
import type { QoS } from '../packet/version.ts';
import type { Message } from './message.ts';

/** What the receiver's subscription says of every message that it brings. */
export interface Terms {
  /** Of all subscriptions that match, in no particular order; undefined when there are none. */
  readonly subscriptionIdentifiers: readonly number[] | undefined;
}

/** A delivery of QoS 1 or 2 from its acceptance to its last acknowledgement. */
export interface Delivery {
  /** Its place among all deliveries of the session that are kept in a store; else 0. */
  readonly sequence: number;
  readonly message: Message;
  readonly qos: QoS;
  /** The RETAIN flag towards this receiver. */
  readonly retain: boolean;
  readonly terms: Terms | undefined;
  /** 0 until it is first sent. */
  packetId: number;
  /**
   * `waiting` in the queue, `published` and not acknowledged, or `released`: QoS 2 after PUBREC,
   * when only PUBREL and PUBCOMP are left to do.
   */
  state: 'waiting' | 'published' | 'released';
  /** Its place among those in flight, in the order of sending. */
  order: number;
  /** It counts against the window of the present connection. */
  counted: boolean;
  /** Its packet may have left before, so that it goes with DUP the next time. */
  wasSent: boolean;
  /** Its next packet waits for the store. */
  held: boolean;
}

/** Why a message did not go to a receiver. */
export type DropCause =
  /** The receiver's queue is at its limit, in messages or in bytes. */
  | 'queue full'
  /** Its message expiry interval has passed. [MQTT-3.3.2-5] */
  | 'expired'
  /** QoS 0, and the receiver's connection takes no more for now. */
  | 'slow receiver'
  /** QoS 0, and the receiver is away. */
  | 'offline'
  /** The receiver's session has ended, and nobody else takes the message. */
  | 'session ended'
  /** It does not fit the receiver's Maximum Packet Size. [MQTT-3.1.2-25] */
  | 'packet too large'
  /** The receiver may not have messages of the topic. */
  | 'not allowed'
  /** It could not be stored, and its publisher was told so. */
  | 'not stored';

/** The peer has acknowledged what it cannot have got yet. */
export function outOfTurn(packet: string, { packetId, qos, state }: Delivery): ProtocolError {
  const due = qos === 1 ? 'PUBACK' : state === 'released' ? 'PUBCOMP' : 'PUBREC';
  return protocolError(`${packet} ${packetId}, where ${due} is due`);
}
