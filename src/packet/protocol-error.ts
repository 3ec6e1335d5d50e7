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

  constructor(
    reasonCode: ReasonCode,
    message: string,
    { isToldInConnack = true }: { readonly isToldInConnack?: boolean } = {},
  ) {
    super(message);
    this.reasonCode = reasonCode;
    this.isToldInConnack = isToldInConnack;
  }

  /** The same, of which no CONNACK tells. */
  untold(): ProtocolError {
    return new ProtocolError(this.reasonCode, this.message, { isToldInConnack: false });
  }
}
