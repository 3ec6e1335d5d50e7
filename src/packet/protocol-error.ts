/** What the other side did wrong, with the code that MQTT gives it. */

import type { ReasonCode } from './reason-codes.ts';

/**
 * The peer broke the protocol. Thrown by everything that reads from the network, caught once per
 * connection, which then closes with `reasonCode` (MQTT 5.0 section 4.13).
 */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly reasonCode: ReasonCode;
  /**
   * Whether a CONNACK says so when it is CONNECT that is wrong. A server may leave that out, and
   * Mosquitto does for many a mistake. [MQTT-3.1.4-1]
   */
  readonly isToldInConnack: boolean;
  /** The same of a server's DISCONNECT to a client that is in (MQTT 5.0 section 4.13.1). */
  readonly isToldInDisconnect: boolean;

  constructor(
    reasonCode: ReasonCode,
    message: string,
    { isToldInConnack = true, isToldInDisconnect = true }: Telling = {},
  ) {
    super(message);
    this.reasonCode = reasonCode;
    this.isToldInConnack = isToldInConnack;
    this.isToldInDisconnect = isToldInDisconnect;
  }

  /** The same, of which no CONNACK tells. */
  untold(): ProtocolError {
    const { reasonCode, message, isToldInDisconnect } = this;
    return new ProtocolError(reasonCode, message, { isToldInConnack: false, isToldInDisconnect });
  }
}

interface Telling {
  readonly isToldInConnack?: boolean;
  readonly isToldInDisconnect?: boolean;
}

/** One that the server closes for without a word, as Mosquitto does. */
export function unspoken(reasonCode: ReasonCode, message: string): ProtocolError {
  const isTold = false;
  return new ProtocolError(reasonCode, message, {
    isToldInConnack: isTold,
    isToldInDisconnect: isTold,
  });
}
