/** UNSUBSCRIBE: a client wants no more of these filters (MQTT 5.0 section 3.10). */

import type { PropertiesIn } from './properties.ts';

export type UnsubscribeProperties = PropertiesIn<'unsubscribe'>;

export interface Unsubscribe {
  readonly type: 'unsubscribe';
  readonly packetId: number;
  readonly filters: readonly string[];
  readonly properties?: UnsubscribeProperties | undefined;
}
