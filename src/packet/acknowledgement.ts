/** PUBACK, PUBREC, PUBREL, PUBCOMP: the steps of QoS 1 and 2 (MQTT 5.0 sections 3.4 to 3.7). */

import type { PropertiesIn } from './properties.ts';
import type { ReasonCode } from './reason-codes.ts';

export type AcknowledgementType = 'puback' | 'pubrec' | 'pubrel' | 'pubcomp';
export type AcknowledgementProperties = PropertiesIn<AcknowledgementType>;

export interface Acknowledgement<Type extends AcknowledgementType = AcknowledgementType> {
  readonly type: Type;
  readonly packetId: number;
  readonly reasonCode: ReasonCode;
  readonly properties?: AcknowledgementProperties | undefined;
}

export type Puback = Acknowledgement<'puback'>;
export type Pubrec = Acknowledgement<'pubrec'>;
export type Pubrel = Acknowledgement<'pubrel'>;
export type Pubcomp = Acknowledgement<'pubcomp'>;
