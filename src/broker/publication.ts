/** What a client publishes, as a message of its own. */

import type { Will } from '../packet/connect.ts';
import type { PacketMemory } from '../packet/packet-memory.ts';
import type { Publish } from '../packet/publish.ts';
import { Message, type MessageProperties } from '../session/message.ts';

/**
 * @param topic the topic name, also where the packet has an alias instead
 * @param packetMemory of the packet; undefined: nobody else has its bytes
 */
export function messageOfPublish(
  publish: Publish,
  topic: string,
  { packetMemory, now }: { packetMemory: PacketMemory | undefined; now: number },
): Message {
  const { payload, qos, retain, properties } = publish;
  // By far most messages carry no properties.
  if (properties === undefined) return new Message(topic, payload, { qos, retain, packetMemory });
  const { topicAlias: _alias, subscriptionIdentifiers: _identifiers, ...own } = properties;
  return withProperties(topic, payload, { qos, retain, packetMemory, properties: own }, now);
}

/** The same will without a view of the network input that it came in. */
export function keptWill(will: Will): Will {
  const { payload, properties } = will;
  const correlationData = properties?.correlationData?.slice();
  return {
    ...will,
    payload: payload.slice(),
    properties: correlationData === undefined ? properties : { ...properties, correlationData },
  };
}

/** The will delay belongs to the will, not to its message. */
export function messageOfWill(will: Will, now: number): Message {
  const { topic, payload, qos, retain, properties } = will;
  if (properties === undefined) return new Message(topic, payload, { qos, retain });
  const { willDelayInterval: _delay, ...own } = properties;
  return withProperties(topic, payload, { qos, retain, properties: own }, now);
}

function withProperties(
  topic: string,
  payload: Uint8Array,
  {
    qos,
    retain,
    packetMemory,
    properties,
  }: Pick<Publish, 'qos' | 'retain'> & {
    packetMemory?: PacketMemory | undefined;
    properties: MessageProperties;
  },
  now: number,
): Message {
  const seconds = properties.messageExpiryInterval;
  const expiresAt = seconds === undefined ? Number.POSITIVE_INFINITY : now + seconds * 1000;
  return new Message(topic, payload, { qos, retain, packetMemory, properties, expiresAt });
}
