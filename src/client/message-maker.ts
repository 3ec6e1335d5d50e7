/** Messages from what their publisher says, checked before they are part of a session. */

import { ByteWriter } from '../packet/byte-writer.ts';
import { writePublishHead } from '../packet/publish.ts';
import { utf8Of } from '../packet/text.ts';
import type { ProtocolVersion, QoS } from '../packet/version.ts';
import type { Clock } from '../session/clock.ts';
import type { Message, MessageProperties } from '../session/message.ts';
import { nameFault } from '../topic/topic-filter.ts';
import { refuseFault } from './fault.ts';
import { Publication } from './publications.ts';

export interface PublishOptions {
  /** 0. */
  readonly qos?: QoS;
  /** Whether the server keeps it for later subscribers; false. */
  readonly retain?: boolean;
  /** MQTT 5.0. */
  readonly properties?: MessageProperties | undefined;
}

export class MessageMaker {
  readonly #clock: Clock;
  readonly #version: ProtocolVersion;
  #scratch: ByteWriter | undefined;
  // Looked at last: most publishers have few topics.
  #topic: string | undefined;

  constructor(clock: Clock, version: ProtocolVersion) {
    this.#clock = clock;
    this.#version = version;
  }

  /**
   * @param payload must not be changed until the message has been sent
   * @throws RangeError for what no server could make sense of; TypeError for a payload that is
   *   neither text nor bytes
   */
  message(
    topic: string,
    payload: Uint8Array | string,
    { qos = 0, retain = false, properties }: PublishOptions,
  ): Publication {
    const bytes = typeof payload === 'string' ? utf8Of(payload) : bytesOf(payload);
    if (properties === undefined) {
      const message = new Publication(topic, bytes, { qos, retain });
      const isPlain = bytes.length < plainBytesMax && qos <= 2;
      if (topic === this.#topic && isPlain) return message;
      this.#check(topic, message);
      return message;
    }
    // [MQTT-3.3.2-14]
    if (properties.responseTopic !== undefined) refuseFault(nameFault(properties.responseTopic));
    const expiresAt = this.#expiry(properties.messageExpiryInterval);
    const message = new Publication(topic, bytes, { qos, retain, properties, expiresAt });
    this.#check(topic, message);
    return message;
  }

  #check(topic: string, { payload, qos, retain, properties }: Message): void {
    refuseFault(nameFault(topic));
    refuseFault(levels.includes(qos) ? undefined : `QoS ${qos}, allowed are 0, 1 and 2`);
    const packetId = qos === 0 ? 0 : 1;
    const packet = { type: 'publish', topic, payload, qos, retain, dup: false, packetId } as const;
    this.#scratch ??= new ByteWriter(256);
    this.#scratch.reset();
    writePublishHead(this.#scratch, { ...packet, properties }, this.#version);
    this.#topic = topic;
  }

  #expiry(seconds: number | undefined): number | undefined {
    return seconds === undefined ? undefined : this.#clock.now() + seconds * 1000;
  }
}

// A program in JavaScript has nobody else to tell it.
function bytesOf(payload: Uint8Array): Uint8Array {
  if (payload instanceof Uint8Array) return payload;
  const type = payload === null ? 'null' : typeof payload;
  throw new TypeError(
    `a payload of type ${type}, allowed are string and Uint8Array: try String() or JSON.stringify()`,
  );
}

const levels: readonly QoS[] = [0, 1, 2];

// With the longest topic it is far from the largest packet.
const plainBytesMax = 2 ** 20;
