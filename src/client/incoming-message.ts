/** A message as whoever subscribed to it gets it. */

import type { Publish, PublishProperties } from '../packet/publish.ts';
import type { QoS } from '../packet/version.ts';
import type { Source } from './ports.ts';

const decoder = new TextDecoder();

/** Counts what has arrived and is not dealt with, for the limits of what is read ahead. */
export interface Backlog {
  add(bytes: number): void;
  remove(bytes: number): void;
}

/** Somebody is to deal with the message, and lets it go with `releaseMessage`. */
export let holdMessage: (message: IncomingMessage) => void;

/** The same, but its user lets it go with `ack`. */
export let holdUntilAck: (message: IncomingMessage) => void;

export let releaseMessage: (message: IncomingMessage) => void;

/**
 * Whoever is to deal with the message holds it; when the last one has let go, the server is told
 * that it has arrived.
 */
export class IncomingMessage {
  /** In full, also where an alias stood for it. */
  readonly topic: string;
  /** The payload; the message's own. */
  readonly bytes: Uint8Array;
  readonly qos: QoS;
  /** It was retained, and did not come because it was published just now. */
  readonly retain: boolean;
  /** It may have arrived before. */
  readonly dup: boolean;
  /** MQTT 5.0's. */
  readonly properties: PublishProperties | undefined;
  readonly #packetId: number;
  readonly #source: Source;
  readonly #backlog: Backlog;
  #holders = 0;
  // Holders that wait for `ack`.
  #unacknowledged = 0;

  /** @param publish whose bytes are lent, but for the payload */
  constructor(publish: Publish, topic: string, source: Source, backlog: Backlog) {
    const { payload, properties } = publish;
    this.topic = topic;
    this.bytes = payload;
    this.qos = publish.qos;
    this.retain = publish.retain;
    this.dup = publish.dup;
    this.properties = properties?.correlationData === undefined ? properties : own(properties);
    this.#packetId = publish.packetId;
    this.#source = source;
    this.#backlog = backlog;
    backlog.add(payload.length);
  }

  /** The payload as text in UTF-8; what is none comes as U+FFFD. */
  text(): string {
    return decoder.decode(this.bytes);
  }

  /**
   * The payload as JSON.
   *
   * @throws SyntaxError
   */
  json<T = unknown>(): T {
    return JSON.parse(this.text()) as T;
  }

  /**
   * Tells the server that the message has been dealt with, where the subscription leaves that to
   * its user. Acknowledgements leave in the order of the messages, so that one which is never given
   * holds up all behind it. [MQTT-4.6.0-2]
   */
  ack(): void {
    while (this.#unacknowledged > 0) {
      this.#unacknowledged--;
      this.#release();
    }
  }

  static {
    holdMessage = (message) => {
      message.#holders++;
    };
    holdUntilAck = (message) => {
      message.#holders++;
      message.#unacknowledged++;
    };
    releaseMessage = (message) => message.#release();
  }

  #release(): void {
    this.#holders--;
    if (this.#holders > 0) return;
    this.#backlog.remove(this.bytes.length);
    this.#source.taken(this.qos, this.#packetId);
  }
}

function own(properties: PublishProperties): PublishProperties {
  return { ...properties, correlationData: properties.correlationData!.slice() };
}
