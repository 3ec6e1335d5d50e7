/** A simulated client: what it wants, and what it remembers. It keeps to all rules of MQTT. */

import type { Connect, Will } from '../../src/packet/connect.ts';
import type { Publish } from '../../src/packet/publish.ts';
import type { Subscription } from '../../src/packet/subscribe.ts';
import type { QoS } from '../../src/packet/version.ts';
import { DeviceConnection, type Witness } from './device-connection.ts';
import { DeviceSession } from './device-session.ts';
import type { Random } from './random.ts';
import type { Traits } from './settings.ts';
import type { SimulatedLink } from './simulated-link.ts';

export interface ConnectWish {
  readonly cleanStart: boolean;
  readonly keepAliveSeconds: number;
  readonly sessionExpiryInterval: number | undefined;
  readonly will: Will | undefined;
}

export interface PublishWish {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly properties: Publish['properties'];
}

// Requests take their packet ids where messages of their own never come to.
const requestIdMin = 50_000;
const requestIdMax = 65_535;

export class Device {
  readonly traits: Traits;
  readonly #random: Random;
  readonly #witness: Witness;
  readonly #session: DeviceSession;
  #connection: DeviceConnection | undefined;
  #wish: ConnectWish | undefined;
  #lastSentAt = 0;
  #lastRequestId = requestIdMin;

  constructor(traits: Traits, random: Random, witness: Witness) {
    this.traits = traits;
    this.#random = random;
    this.#witness = witness;
    this.#session = new DeviceSession(traits.clientId);
  }

  /** The link of its present connection. */
  get link(): SimulatedLink | undefined {
    return this.#isThere ? this.#connection?.link : undefined;
  }

  /** CONNACK has come, and nothing has ended the connection since. */
  get isConnected(): boolean {
    return this.#connection?.isConnected ?? false;
  }

  /** DISCONNECT may set the session's end only where CONNECT has set one. [MQTT-3.14.2-2] */
  get mayChangeExpiry(): boolean {
    return this.traits.version === 5 && (this.#wish?.sessionExpiryInterval ?? 0) > 0;
  }

  /** Messages of its own that the broker has not acknowledged to the end. */
  get unacknowledgedCount(): number {
    return this.#session.unacknowledgedCount;
  }

  connect(link: SimulatedLink, wish: ConnectWish, now: number): void {
    this.#connection?.leave();
    this.#wish = wish;
    this.#lastSentAt = now;
    this.#connection = new DeviceConnection({
      link,
      connect: this.#connectPacket(wish),
      session: this.#session,
      promptness: this.traits.promptness,
      random: this.#random,
      witness: this.#witness,
    });
  }

  /** @returns false when the broker takes no more messages for now */
  publish({ topic, payload, qos, retain, properties }: PublishWish, now: number): boolean {
    const connection = this.#connection!;
    if (qos > 0 && !connection.mayPublish) return false;
    const packetId = qos === 0 ? 0 : this.#session.freePacketId();
    const isNew = this.traits.version === 5;
    const publish: Publish = {
      type: 'publish',
      topic,
      payload,
      qos,
      retain,
      dup: false,
      packetId,
      properties: isNew ? properties : undefined,
    };
    if (qos > 0) this.#session.published(publish);
    connection.publish(publish);
    this.#lastSentAt = now;
    return true;
  }

  subscribe(subscriptions: readonly Subscription[], identifier: number | undefined): void {
    this.#connection!.send({
      type: 'subscribe',
      packetId: this.#requestId(),
      subscriptions,
      properties: identifier === undefined ? undefined : { subscriptionIdentifier: identifier },
    });
  }

  unsubscribe(filters: readonly string[]): void {
    this.#connection!.send({ type: 'unsubscribe', packetId: this.#requestId(), filters });
  }

  disconnect(reasonCode: 0 | 4, sessionExpiryInterval?: number): void {
    const { link } = this.#connection!;
    const properties = sessionExpiryInterval === undefined ? undefined : { sessionExpiryInterval };
    this.#connection!.send({ type: 'disconnect', reasonCode, properties });
    this.#connection!.leave();
    link.hangUp();
  }

  /** Acknowledges some or all of what has come, and pings where it is time. */
  act(count: number, now: number): void {
    const connection = this.#connection!;
    connection.acknowledge(count);
    if (!connection.isConnected || connection.keepAliveSeconds === 0) return;
    if (now - this.#lastSentAt < connection.keepAliveSeconds * 700) return;
    this.#lastSentAt = now;
    connection.send({ type: 'pingreq' });
  }

  /** The network connection breaks. */
  lose(): void {
    this.#connection!.leave();
    this.#connection!.link.break();
  }

  /** It forgets its connection without the broker's hearing of it. */
  vanish(): void {
    const { link } = this.#connection!;
    this.#connection!.leave();
    link.hangUp();
    link.upStalled = true;
    link.downStalled = true;
  }

  get #isThere(): boolean {
    return this.#connection !== undefined && !this.#connection.isOver;
  }

  #requestId(): number {
    this.#lastRequestId =
      this.#lastRequestId === requestIdMax ? requestIdMin : this.#lastRequestId + 1;
    return this.#lastRequestId;
  }

  #connectPacket({ will, sessionExpiryInterval, ...wish }: ConnectWish): Connect {
    const { clientId, version, receiveMaximum, topicAliasMaximum, maximumPacketSize } = this.traits;
    const properties = {
      sessionExpiryInterval,
      receiveMaximum,
      topicAliasMaximum,
      maximumPacketSize,
    };
    return {
      type: 'connect',
      version,
      bridge: false,
      clientId,
      userName: undefined,
      password: undefined,
      ...wish,
      will: will && (version === 5 ? will : { ...will, properties: undefined }),
      properties: version === 5 ? properties : undefined,
    };
  }
}
