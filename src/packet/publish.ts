/** PUBLISH: an application message on its way (MQTT 5.0 section 3.3). */

import type { PropertiesIn } from './properties.ts';
import type { QoS } from './version.ts';

export type PublishProperties = PropertiesIn<'publish'>;

export interface Publish {
  readonly type: 'publish';
  /** Empty when a topic alias stands for it. */
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly dup: boolean;
  /** 0 for QoS 0. */
  readonly packetId: number;
  readonly properties: PublishProperties | undefined;
}
