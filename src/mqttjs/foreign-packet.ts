/** Packets as MQTT.js shows them to its listeners. */

import type { Connack } from '../packet/connack.ts';
import type { Connect } from '../packet/connect.ts';
import type { Packet } from '../packet/packet.ts';
import type { Publish } from '../packet/publish.ts';
import type { ProtocolVersion, QoS } from '../packet/version.ts';
import { foreignProperties } from './foreign-properties.ts';
import { connackCode } from './reason-names.ts';

/** Any packet; what it has beside its name depends on that. */
export interface ForeignPacket {
  readonly cmd: Packet['type'];
  readonly messageId?: number;
  readonly properties?: Readonly<Record<string, unknown>>;
  // biome-ignore lint/suspicious/noExplicitAny: each kind has its fields, as in MQTT.js
  readonly [field: string]: any;
}

export interface ForeignPublish extends ForeignPacket {
  readonly cmd: 'publish';
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly dup: boolean;
}

export interface ForeignConnack extends ForeignPacket {
  readonly cmd: 'connack';
  readonly sessionPresent: boolean;
  /** MQTT 3.x. */
  readonly returnCode?: number;
  /** MQTT 5.0. */
  readonly reasonCode?: number;
}

export function foreignPacket(packet: Packet, version: ProtocolVersion): ForeignPacket {
  switch (packet.type) {
    case 'publish':
      return foreignPublish(packet, packet.topic);
    case 'connack':
      return foreignConnack(packet, version);
    case 'connect':
      return foreignConnect(packet);
    case 'subscribe':
      return foreign(packet.type, packet, {
        subscriptions: packet.subscriptions.map(({ filter, qos, ...options }) => {
          const { noLocal: nl, retainAsPublished: rap, retainHandling: rh } = options;
          return version === 5 ? { topic: filter, qos, nl, rap, rh } : { topic: filter, qos };
        }),
      });
    case 'unsubscribe':
      return foreign(packet.type, packet, { unsubscriptions: packet.filters });
    case 'suback':
    case 'unsuback':
      return foreign(packet.type, packet, { granted: packet.reasonCodes });
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp':
    case 'disconnect':
    case 'auth': {
      const { reasonCode } = packet;
      return foreign(packet.type, packet, version === 5 ? { reasonCode } : {});
    }
    case 'pingreq':
    case 'pingresp':
      return { cmd: packet.type };
    default:
      return packet satisfies never;
  }
}

/** @param topic in full; the payload is copied */
export function foreignPublish(packet: Publish, topic: string): ForeignPublish {
  const { qos, retain, dup, payload, packetId, properties } = packet;
  const own = { topic, payload: Buffer.from(payload), qos, retain, dup };
  return foreign('publish', qos === 0 ? { properties } : { packetId, properties }, own);
}

export function foreignConnack(packet: Connack, version: ProtocolVersion): ForeignConnack {
  const { sessionPresent, reasonCode } = packet;
  const code = connackCode(reasonCode, version);
  const own = version === 5 ? { reasonCode: code } : { returnCode: code };
  return foreign('connack', packet, { sessionPresent, ...own });
}

function foreignConnect(packet: Connect): ForeignPacket {
  const { version, will, userName, password } = packet;
  return foreign('connect', packet, {
    protocolId: version === 3 ? 'MQIsdp' : 'MQTT',
    protocolVersion: version,
    clean: packet.cleanStart,
    clientId: packet.clientId,
    keepalive: packet.keepAliveSeconds,
    username: userName,
    password: password && Buffer.from(password),
    will: will && { ...will, payload: Buffer.from(will.payload) },
  });
}

function foreign<Cmd extends string, Fields extends object>(
  cmd: Cmd,
  packet: { readonly packetId?: number; readonly properties?: object | undefined },
  fields: Fields,
) {
  const { packetId } = packet;
  const properties = foreignProperties(packet.properties);
  return {
    cmd,
    ...(packetId !== undefined && { messageId: packetId }),
    ...fields,
    ...(properties && { properties }),
  };
}
