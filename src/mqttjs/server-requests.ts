/** What a client asks of the server, and how its callbacks are told what came of it. */

import type { MessageMaker } from '../client/message-maker.ts';
import type { Publication } from '../client/publications.ts';
import type { ProtocolVersion } from '../packet/version.ts';
import type {
  MqttJsGrant,
  MqttJsPublishOptions,
  MqttJsSubscribeOptions,
  MqttJsUnsubscribeOptions,
} from './client-options.ts';
import type { Connections } from './connections.ts';
import type { ForeignPacket } from './foreign-packet.ts';
import { ownProperties } from './foreign-properties.ts';
import { asError, callbackError, MqttJsError } from './mqttjs-error.ts';
import { nameOf } from './reason-names.ts';
import { unsupported } from './settings.ts';
import type { Topics } from './topics.ts';
import { Unanswered } from './unanswered.ts';

export type PacketCallback = (error?: Error, packet?: ForeignPacket) => void;
export type SubscribeCallback = (error: Error | null, granted?: MqttJsGrant[]) => void;

export interface ServerRequestsParts {
  readonly connections: Connections;
  readonly topics: Topics;
  readonly maker: MessageMaker;
  readonly version: ProtocolVersion;
}

export class ServerRequests {
  readonly #parts: ServerRequestsParts;
  readonly #unanswered = new Unanswered();

  constructor(parts: ServerRequestsParts) {
    this.#parts = parts;
  }

  /** Calls back once, when the server has answered everything: now, or later. */
  whenAnswered(call: () => void): void {
    this.#unanswered.whenNone(call);
  }

  /** @throws RangeError for what no server could make sense of */
  message(topic: string, payload: string | Buffer, options: MqttJsPublishOptions): Publication {
    const { qos = 0, retain = false, properties } = options;
    if ('cbStorePut' in options) throw unsupported("the option 'cbStorePut' of publish");
    if (properties !== undefined && 'topicAlias' in properties) {
      throw unsupported('properties.topicAlias: the option autoAssignTopicAlias uses aliases');
    }
    const own = this.#parts.version === 5 ? ownProperties(properties) : undefined;
    return this.#parts.maker.message(topic, payload, { qos, retain, properties: own });
  }

  /** Now, or at QoS 1 and 2 when there is a connection. */
  publish(message: Publication, done: PacketCallback): void {
    const { topic, payload, qos, retain } = message;
    const packet: ForeignPacket = { cmd: 'publish', topic, payload, qos, retain, dup: false };
    const sent = attempt(() => this.#sent(message));
    if (qos > 0) this.#unanswered.add(sent);
    sent.then(
      () => (qos === 0 ? done() : done(undefined, packet)),
      (error: unknown) => done(callbackError('Publish', error)),
    );
  }

  #sent(message: Publication): Promise<unknown> {
    const { session } = this.#parts.connections;
    if (message.qos === 0) return session.publishAtMostOnce(message) ?? Promise.resolve();
    const outcome = Promise.withResolvers<unknown>();
    session.publish(message, outcome);
    return outcome.promise;
  }

  subscribe(
    wanted: readonly MqttJsGrant[],
    foreign: MqttJsSubscribeOptions['properties'],
    done: SubscribeCallback,
  ): void {
    const properties = this.#parts.version === 5 ? ownProperties<object>(foreign) : undefined;
    const subscriptions = this.#parts.topics.subscriptions(wanted);
    const answer = attempt(() =>
      this.#parts.connections.session.subscribe({ type: 'subscribe', subscriptions, properties }),
    );
    this.#unanswered.add(answer);
    answer.then(
      (codes) => {
        const refused = codes.find((code) => code >= 0x80);
        if (refused === undefined) return done(null, this.#parts.topics.grant(wanted, codes));
        this.#parts.topics.forget(wanted.map(({ topic }) => topic));
        done(new MqttJsError(`Subscribe error: ${nameOf(refused)}`, refused), [...wanted]);
      },
      (error: unknown) => {
        const told = callbackError('Subscribe', error) as MqttJsError;
        if (told.code !== undefined) this.#parts.topics.forget(wanted.map(({ topic }) => topic));
        done(told, [...wanted]);
      },
    );
  }

  unsubscribe(
    filters: readonly string[],
    foreign: MqttJsUnsubscribeOptions['properties'],
    done: PacketCallback,
  ): void {
    const properties = this.#parts.version === 5 ? ownProperties<object>(foreign) : undefined;
    const answer = attempt(() =>
      this.#parts.connections.session.unsubscribe({ type: 'unsubscribe', filters, properties }),
    );
    this.#unanswered.add(answer);
    answer.then(
      (granted) => done(undefined, { cmd: 'unsuback', granted }),
      (error: unknown) => {
        // A server that refuses has no such subscription, or keeps it: MQTT.js takes both for done.
        const told = callbackError('Unsubscribe', error) as MqttJsError;
        if (told.code === undefined) done(told);
        else done(undefined, { cmd: 'unsuback', granted: [told.code] });
      },
    );
  }
}

/** What is thrown is a rejection, too. */
function attempt<T>(work: () => Promise<T>): Promise<T> {
  try {
    return work();
  } catch (error) {
    return Promise.reject(asError(error));
  }
}
