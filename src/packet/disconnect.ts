/** DISCONNECT: the last packet, and why (MQTT 5.0 section 3.14). */

import type { PropertiesIn } from './properties.ts';
import type { ReasonCode } from './reason-codes.ts';

export type DisconnectProperties = PropertiesIn<'disconnect'>;

export interface Disconnect {
  readonly type: 'disconnect';
  /** MQTT 3.x has only 0x00 and only from the client. */
  readonly reasonCode: ReasonCode;
  readonly properties?: DisconnectProperties | undefined;
}
