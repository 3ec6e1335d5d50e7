/** SUBSCRIBE: a client asks for messages (MQTT 5.0 section 3.8). */

import type { PropertiesIn } from './properties.ts';
import type { QoS } from './version.ts';

export type SubscribeProperties = PropertiesIn<'subscribe'>;

/** 0 send retained messages, 1 only for a new subscription, 2 never. */
export type RetainHandling = 0 | 1 | 2;

export interface Subscribe {
  readonly type: 'subscribe';
  readonly packetId: number;
  readonly subscriptions: readonly Subscription[];
  readonly properties?: SubscribeProperties | undefined;
}

/** One filter and what its subscriber wants of it. In MQTT 3.x only `qos` is on the wire. */
export interface Subscription {
  readonly filter: string;
  readonly qos: QoS;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly retainHandling: RetainHandling;
}
