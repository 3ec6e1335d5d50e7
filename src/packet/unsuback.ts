/** UNSUBACK: the server's answer to UNSUBSCRIBE (MQTT 5.0 section 3.11). */

import type { PropertiesIn } from './properties.ts';
import type { ReasonCode } from './reason-codes.ts';

export type UnsubackProperties = PropertiesIn<'unsuback'>;

export interface Unsuback {
  readonly type: 'unsuback';
  readonly packetId: number;
  /** One for each filter, in their order; MQTT 3.x has none. */
  readonly reasonCodes: readonly ReasonCode[];
  readonly properties?: UnsubackProperties | undefined;
}
