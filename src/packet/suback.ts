/** SUBACK: the server's answer to SUBSCRIBE (MQTT 5.0 section 3.9). */

import type { PropertiesIn } from './properties.ts';
import type { ReasonCode } from './reason-codes.ts';

export type SubackProperties = PropertiesIn<'suback'>;

export interface Suback {
  readonly type: 'suback';
  readonly packetId: number;
  /** One for each subscription, in their order: the QoS granted or a failure. */
  readonly reasonCodes: readonly ReasonCode[];
  readonly properties?: SubackProperties | undefined;
}
