/** CONNACK: the server's answer to CONNECT (MQTT 5.0 section 3.2). */

import type { PropertiesIn } from './properties.ts';
import type { ReasonCode } from './reason-codes.ts';

export type ConnackProperties = PropertiesIn<'connack'>;

export interface Connack {
  readonly type: 'connack';
  readonly sessionPresent: boolean;
  /** Always MQTT 5.0's; the return codes of MQTT 3.x are mapped on the wire. */
  readonly reasonCode: ReasonCode;
  readonly properties?: ConnackProperties | undefined;
}
