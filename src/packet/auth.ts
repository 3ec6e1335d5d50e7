/** AUTH: one step of an enhanced authentication (MQTT 5.0 section 3.15, unknown to MQTT 3.x). */

import type { PropertiesIn } from './properties.ts';
import type { ReasonCode } from './reason-codes.ts';

export type AuthProperties = PropertiesIn<'auth'>;

export interface Auth {
  readonly type: 'auth';
  readonly reasonCode: ReasonCode;
  readonly properties?: AuthProperties | undefined;
}
