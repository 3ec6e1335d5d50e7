/** The connections of a client, one after another, and the session that they carry. */

import { ClientError } from '../client/client-error.ts';
import { knownTopics } from '../client/known-topics.ts';
import { defaultClientLimits } from '../client/limits.ts';
import type { ClientPlatform, Source } from '../client/ports.ts';
import { type Introduction, SessionClient } from '../client/session-client.ts';
import { type Timer, Timers } from '../client/timers.ts';
import type { Connack } from '../packet/connack.ts';
import type { Packet } from '../packet/packet.ts';
import type { Publish } from '../packet/publish.ts';
import type { Link } from '../session/link.ts';
import { ownProperties } from './foreign-properties.ts';
import { connackTimeout } from './mqttjs-error.ts';
import { openPlace } from './open-place.ts';
import type { Settings } from './settings.ts';

export interface ConnectionEvents {
  packetSent(packet: Packet): void;
  packetReceived(packet: Packet): void;
  /** The server has let the client in; what was not acknowledged before is on its way. */
  opened(connack: Connack): void;
  /** @param source is to be told when the message has been dealt with; its bytes are lent */
  message(publish: Publish, topic: string, source: Source): void;
  /** There is no connection, or none any more. @param failure undefined when this side left */
  closed(failure: Error | undefined): void;
}

export class Connections {
  readonly #settings: Settings;
  readonly #platform: ClientPlatform;
  readonly #events: ConnectionEvents;
  // Of the session; undefined once it is closed.
  #timer: Timer | undefined;
  #session: SessionClient;
  #connack: Connack | undefined;
  #link: Link | undefined;
  #givingUp: AbortController | undefined;
  #attempts = 0;

  constructor(settings: Settings, platform: ClientPlatform, events: ConnectionEvents) {
    this.#settings = settings;
    this.#platform = platform;
    this.#events = events;
    this.#session = this.#createSession();
  }

  get session(): SessionClient {
    return this.#session;
  }

  /** There is a connection, or there may soon be. */
  get isOpen(): boolean {
    return this.#givingUp !== undefined;
  }

  /** Nothing is known of what was before. */
  renew(): void {
    this.#session = this.#createSession();
  }

  /** Connects to the next place; `opened` or `closed` follows. */
  open(): void {
    const { places, tls, options } = this.#settings;
    const place = places[this.#attempts++ % places.length];
    const givingUp = new AbortController();
    const { signal } = givingUp;
    const timer = setTimeout(() => this.#destroy(timeout()), options.connectTimeout);
    this.#givingUp = givingUp;
    let hasLink = false;
    this.#timer ??= new Timers(this.#platform).timer((now) => this.#session.wake(now));
    const connected = this.#session.connect((accept) => {
      return openPlace(
        place,
        (link) => {
          hasLink = true;
          this.#link = link;
          return accept(link);
        },
        { tls, signal },
      );
    }, this.#introduction());
    connected.then(
      () => clearTimeout(timer),
      (error: unknown) => {
        clearTimeout(timer);
        // Of a connection that was there, the session tells itself.
        if (!hasLink) this.#closed(error);
      },
    );
  }

  /** Ends the connection or the attempt without a word: the server publishes the will. */
  destroy(): void {
    this.#destroy(undefined);
  }

  /** Gives up what has not been acknowledged, and all timers, until the next `open`. */
  close(): void {
    this.#session.end(new ClientError('disconnected', 'the client has ended'));
    this.#timer?.clear();
    this.#timer = undefined;
  }

  #destroy(reason: Error | undefined): void {
    this.#givingUp?.abort(reason ?? new Error('the client has ended'));
    this.#link?.destroy();
  }

  #closed(failure: unknown): void {
    const reason = this.#givingUp?.signal.aborted ? this.#givingUp.signal.reason : failure;
    this.#givingUp = undefined;
    this.#link = undefined;
    this.#events.closed(reason);
  }

  #createSession(): SessionClient {
    const { options } = this.#settings;
    const { clock, atEndOfTurn } = this.#platform;
    const events = this.#events;
    return new SessionClient({
      host: { clock, atEndOfTurn, wakeAt: (at) => this.#timer?.setAt(at) },
      clientId: options.clientId,
      cleanStart: options.clean,
      keepsMessages: true,
      limits: {
        ...defaultClientLimits,
        // Nothing waits for messages to be taken, and nothing is refused: as in MQTT.js.
        queuedMessagesMax: 0,
        connectSeconds: Number.POSITIVE_INFINITY,
        topicAliasesMax: options.autoAssignTopicAlias ? topicAliasesMax : 0,
      },
      topics: knownTopics,
      observer: {
        packetSent: (packet) => events.packetSent(packet),
        packetReceived: (packet) => {
          if (packet.type === 'connack') this.#connack = packet;
          events.packetReceived(packet);
        },
      },
      recipient: {
        isFull: false,
        push: (publish, topic, source) => events.message(publish, topic, source),
        opened: () => events.opened(this.#connack!),
        ended: (failure) => this.#closed(failure),
      },
    });
  }

  #introduction(): Introduction {
    const { protocolVersion, keepalive, username, password, will, properties } =
      this.#settings.options;
    return {
      version: protocolVersion,
      keepAliveSeconds: keepalive,
      userName: username,
      password,
      properties: protocolVersion === 5 ? (ownProperties(properties) ?? {}) : undefined,
      will: will && {
        topic: will.topic,
        payload: Buffer.from(will.payload ?? ''),
        qos: will.qos ?? 0,
        retain: will.retain ?? false,
        properties: ownProperties(will.properties),
      },
    };
  }
}

const topicAliasesMax = 0xffff;

function timeout(): Error {
  return new Error(connackTimeout);
}
