/** What the claims ask of a foreign client library, whichever language it is written in. */

import type { ConnectProperties, Will } from '../../src/packet/connect.ts';
import type { Publish, PublishProperties } from '../../src/packet/publish.ts';
import type { Subscription } from '../../src/packet/subscribe.ts';
import type { ProtocolVersion } from '../../src/packet/version.ts';

export interface ForeignLibrary {
  readonly name: string;
  /**
   * Whether it reads the reason code of a DISCONNECT in which nothing else is, as of Mosquitto's;
   * Paho wants properties behind it.
   */
  readonly readsBareReasons: boolean;

  /**
   * Connects one client, which never connects again by itself.
   *
   * @throws ForeignRefusal when the broker's CONNACK refuses the client
   */
  connect(options: ForeignConnectOptions): Promise<ForeignClient>;
}

/** Where a broker is, and how to get there. */
export interface BrokerPlace {
  readonly host: string;
  readonly port: number;
  /** Not over TCP but over WebSocket; and inside TLS where there is an authority to trust. */
  readonly webSocket?: { readonly caFile: string | undefined } | undefined;
}

export interface ForeignConnectOptions extends BrokerPlace {
  /** Of a WebSocket; by default the root. */
  readonly path?: string;
  readonly version: ProtocolVersion;
  readonly clientId: string;
  /** Default true. */
  readonly cleanStart?: boolean;
  /** Default 60. */
  readonly keepAliveSeconds?: number;
  readonly will?: Will;
  /** For MQTT 5.0 only. */
  readonly properties?: ConnectProperties;
}

export interface ForeignClient extends AsyncDisposable {
  readonly sessionPresent: boolean;
  /** The client identifier that the broker made up, if it did and said so. */
  readonly assignedClientId: string | undefined;
  /** Resolves when the connection is over, with the reason code of the broker's DISCONNECT. */
  readonly ended: Promise<number | undefined>;

  /** Resolves with the reason code of the SUBACK, which is the granted QoS if below 0x80. */
  subscribe(filter: string, options?: ForeignSubscribeOptions): Promise<number>;
  unsubscribe(filter: string): Promise<void>;

  /** Resolves when the message is acknowledged; with QoS 0 when it is sent. */
  publish(
    topic: string,
    payload: string | Uint8Array,
    options?: ForeignPublishOptions,
  ): Promise<void>;

  /** The next message in the order of arrival; rejects when the connection ends before it. */
  next(): Promise<ForeignMessage>;

  /** Resolves at the next PINGRESP. */
  pingAnswered(): Promise<void>;

  /** Says goodbye with DISCONNECT and closes. */
  disconnect(): Promise<void>;

  /** Is gone without a goodbye. */
  vanish(): Promise<void>;
}

export type ForeignMessage = Pick<Publish, 'topic' | 'payload' | 'qos' | 'retain'> & {
  readonly properties: PublishProperties;
};

export type ForeignPublishOptions = Partial<Pick<Publish, 'qos' | 'retain' | 'properties'>>;

/** QoS is 0 by default; all but QoS is for MQTT 5.0 only. */
export type ForeignSubscribeOptions = Partial<
  Omit<Subscription, 'filter'> & { readonly subscriptionIdentifier: number }
>;

/** The broker's CONNACK said no. */
export class ForeignRefusal extends Error {
  override readonly name = 'ForeignRefusal';
  readonly reasonCode: number;

  constructor(reasonCode: number) {
    super(`refused with 0x${reasonCode.toString(16)}`);
    this.reasonCode = reasonCode;
  }
}

/** Messages that have arrived but that the test has not asked for yet, or the other way round. */
export class Arrivals {
  readonly #messages: ForeignMessage[] = [];
  readonly #waiting: PromiseWithResolvers<ForeignMessage>[] = [];
  #ended = false;

  add(message: ForeignMessage): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#messages.push(message);
    else waiting.resolve(message);
  }

  next(): Promise<ForeignMessage> {
    const message = this.#messages.shift();
    if (message !== undefined) return Promise.resolve(message);
    const waiting = Promise.withResolvers<ForeignMessage>();
    if (this.#ended) waiting.reject(noMore());
    else this.#waiting.push(waiting);
    return waiting.promise;
  }

  end(): void {
    this.#ended = true;
    for (const { reject } of this.#waiting.splice(0)) reject(noMore());
  }
}

function noMore(): Error {
  return new Error('the connection ended before another message came');
}
