/** CONNECT: a client asks for a session (MQTT 5.0 section 3.1). */

import type { PropertiesIn } from './properties.ts';
import type { ProtocolVersion, QoS } from './version.ts';

export type ConnectProperties = PropertiesIn<'connect'>;
export type WillProperties = PropertiesIn<'will'>;

export interface Connect {
  readonly type: 'connect';
  readonly version: ProtocolVersion;
  /** The bit that Mosquitto's bridges set in the protocol level of MQTT 3.1 and 3.1.1. */
  readonly bridge: boolean;
  readonly cleanStart: boolean;
  readonly keepAliveSeconds: number;
  readonly clientId: string;
  readonly will: Will | undefined;
  readonly userName: string | undefined;
  readonly password: Uint8Array | undefined;
  readonly properties?: ConnectProperties | undefined;
}

/** The message that the server publishes when the client is gone. */
export interface Will {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly properties?: WillProperties | undefined;
}
