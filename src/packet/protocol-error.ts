/** What the other side did wrong, with the code that MQTT gives it. */

import { type ReasonCode, reasonCodes } from './reason-codes.ts';

/**
 * Whether the peer is told: by CONNACK when it is CONNECT that is wrong, by DISCONNECT later. A
 * server may leave that out, and Mosquitto does for many a mistake. [MQTT-3.1.4-1] (MQTT 5.0
 * section 4.13.1)
 */
export type Telling = 'always' | 'after CONNACK' | 'never';

/**
 * The peer broke the protocol. Thrown by everything that reads from the network, caught once per
 * connection, which then closes with `reasonCode` (MQTT 5.0 section 4.13).
 */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly reasonCode: ReasonCode;
  readonly telling: Telling;

  constructor(reasonCode: ReasonCode, message: string, telling: Telling = 'always') {
    super(message);
    this.reasonCode = reasonCode;
    this.telling = telling;
  }
}

/** Bytes that make no packet. */
export function malformed(message: string): ProtocolError {
  return new ProtocolError(reasonCodes.malformedPacket, message);
}

/** A packet that was not allowed, or not then. */
export function protocolError(message: string): ProtocolError {
  return new ProtocolError(reasonCodes.protocolError, message);
}

/** One that the server closes for without a word, as Mosquitto does. */
export function unspoken(reasonCode: ReasonCode, message: string): ProtocolError {
  return new ProtocolError(reasonCode, message, 'never');
}
