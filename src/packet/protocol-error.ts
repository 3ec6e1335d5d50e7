/** What the other side did wrong, with the code that MQTT gives it. */

import type { ReasonCode } from './reason-codes.ts';

/**
 * The peer broke the protocol. Thrown by everything that reads from the network, caught once per
 * connection, which then closes with `reasonCode` (MQTT 5.0 section 4.13).
 */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly reasonCode: ReasonCode;

  constructor(reasonCode: ReasonCode, message: string) {
    super(message);
    this.reasonCode = reasonCode;
  }
}
