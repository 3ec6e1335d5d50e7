/** What the broker does for plugins. */

import { encodePacket } from '../packet/packet.ts';
import type { QoS } from '../packet/version.ts';
import { Message, type MessageProperties } from '../session/message.ts';

export interface PublishOptions {
  readonly qos?: QoS | undefined;
  readonly retain?: boolean | undefined;
  readonly properties?: MessageProperties | undefined;
}

/** What `createHooks` of a plugin is given besides its options. */
export interface PluginBroker {
  /**
   * Publishes to all who have subscribed to the topic, soon after what happens now. Nobody is asked
   * whether it may be published, and no hook sees it.
   *
   * @throws RangeError when no client could be sent such a message
   */
  publish(topic: string, payload: Uint8Array | string, options?: PublishOptions): void;

  /** Writes a line to the log, with the plugin's name: keep secrets out. */
  log(text: string): void;
}

export interface PluginBrokerOptions {
  /** `Broker.publish` */
  readonly publish: (message: Message) => void;
  /** The broker's clock, in milliseconds. */
  readonly now: () => number;
  readonly log: (text: string) => void;
}

export function pluginBroker({ publish, now, log }: PluginBrokerOptions): PluginBroker {
  return {
    publish(topic, payload, options) {
      const message = messageFor(topic, payload, options, now());
      // Not at once: a hook is called in the middle of something.
      queueMicrotask(() => publish(message));
    },
    log,
  };
}

const encoder = new TextEncoder();

function messageFor(
  topic: string,
  payload: Uint8Array | string,
  { qos = 0, retain = false, properties }: PublishOptions = {},
  now: number,
): Message {
  const bytes = typeof payload === 'string' ? encoder.encode(payload) : payload;
  if (topic === '' || /[+#]/.test(topic)) {
    throw new RangeError(`topic ${JSON.stringify(topic)} is none: no '+' and '#', and not empty`);
  }
  const packet = { type: 'publish', topic, payload: bytes, properties, dup: false } as const;
  // What cannot be sent is the caller's mistake, and is said where he sees it.
  encodePacket({ ...packet, qos, retain, packetId: qos === 0 ? 0 : 1 }, 5);
  const seconds = properties?.messageExpiryInterval;
  const expiresAt = seconds === undefined ? Number.POSITIVE_INFINITY : now + seconds * 1000;
  return new Message(topic, bytes, { qos, retain, properties, expiresAt });
}
