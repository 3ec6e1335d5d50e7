/** A client with the methods and the events of MQTT.js, on the same session as ours. */

import { EventEmitter } from 'node:events';
import { MessageMaker } from '../client/message-maker.ts';
import type { ClientPlatform, Source } from '../client/ports.ts';
import type { Connack } from '../packet/connack.ts';
import type { Packet } from '../packet/packet.ts';
import type { Publish } from '../packet/publish.ts';
import { type ReasonCode, reasonCodes } from '../packet/reason-codes.ts';
import type { ProtocolVersion } from '../packet/version.ts';
import type {
  MqttJsEndOptions,
  MqttJsGrant,
  MqttJsPublishOptions,
  MqttJsSubscribeOptions,
  MqttJsTopics,
  MqttJsUnsubscribeOptions,
} from './client-options.ts';
import { Connections } from './connections.ts';
import {
  type ForeignConnack,
  type ForeignPacket,
  type ForeignPublish,
  foreignConnack,
  foreignPacket,
  foreignPublish,
} from './foreign-packet.ts';
import { ownProperties } from './foreign-properties.ts';
import { callbackError, closeError, isTimeout, MqttJsError } from './mqttjs-error.ts';
import { type PacketCallback, ServerRequests, type SubscribeCallback } from './server-requests.ts';
import type { Settings, SettledOptions } from './settings.ts';
import { unsupported } from './settings.ts';
import { Topics } from './topics.ts';

export interface MqttJsEvents {
  connect: [packet: ForeignConnack];
  message: [topic: string, payload: Buffer, packet: ForeignPublish];
  reconnect: [];
  close: [];
  offline: [];
  disconnect: [packet: ForeignPacket];
  error: [error: Error & { readonly code?: number | string | undefined }];
  end: [];
  packetsend: [packet: ForeignPacket];
  packetreceive: [packet: ForeignPacket];
}

export type DoneCallback = (error?: Error) => void;

/** Something that waits for a connection. */
interface Waiting {
  readonly send: () => void;
  readonly cancel: (error: Error) => void;
}

/**
 * Inherits, since programs use all that an emitter has: `once`, `off`, `listenerCount`, and the
 * helpers of node:events.
 */
export class MqttJsClient extends EventEmitter<MqttJsEvents> {
  connected = false;
  reconnecting = false;
  disconnecting = false;
  disconnected = false;
  readonly options: SettledOptions;
  readonly #version: ProtocolVersion;
  readonly #connections: Connections;
  readonly #requests: ServerRequests;
  readonly #topics = new Topics();
  #waiting: Waiting[] = [];
  #reconnectTimer: NodeJS.Timeout | undefined;
  #connack: ForeignConnack | undefined;
  #isFirst = true;
  // The server has refused: it would do so again.
  #isRefused = false;
  #finish: (() => void) | undefined;

  constructor(settings: Settings, platform: ClientPlatform) {
    super();
    const { options } = settings;
    this.options = options;
    this.#version = options.protocolVersion;
    this.#connections = new Connections(settings, platform, {
      packetSent: (packet) => this.#show('packetsend', packet),
      packetReceived: (packet) => this.#show('packetreceive', packet),
      opened: (connack) => this.#opened(connack),
      message: (publish, topic, source) => this.#take(publish, topic, source),
      closed: (failure) => this.#closed(failure),
    });
    this.#requests = new ServerRequests({
      connections: this.#connections,
      topics: this.#topics,
      maker: new MessageMaker(platform.clock, this.#version),
      version: this.#version,
    });
    // Without a listener, Node would throw what others may not care for.
    this.on('error', () => {});
    if (!options.manualConnect) this.connect();
  }

  /** What the server has said of itself, in MQTT 5.0. */
  get serverProperties(): ForeignConnack['properties'] {
    return this.connected ? this.#connack?.properties : undefined;
  }

  /** Seconds; the server's word where it has one. */
  get keepalive(): number {
    return (this.serverProperties?.serverKeepAlive as number | undefined) ?? this.options.keepalive;
  }

  set handleMessage(_: unknown) {
    throw unsupported("handleMessage: subscribe of 'pantala' waits for promises of a handler");
  }

  connect(): this {
    clearTimeout(this.#reconnectTimer);
    this.#reconnectTimer = undefined;
    if (this.#connections.isOpen) return this;
    if (this.disconnected) this.#begin();
    this.#isRefused = false;
    this.#connections.open();
    return this;
  }

  /** Connects anew, and leaves what has not been sent. */
  reconnect(options?: object): this {
    if (options !== undefined) throw unsupported('stores: reconnect takes no options');
    const isEnding = this.disconnecting && !this.disconnected;
    if (isEnding || this.#connections.isOpen) {
      this.once('end', () => void this.reconnect());
      if (!isEnding) this.end();
      return this;
    }
    this.#begin();
    this.#reconnect();
    return this;
  }

  publish(topic: string, payload: string | Buffer, callback?: PacketCallback): this;
  publish(
    topic: string,
    payload: string | Buffer,
    options?: MqttJsPublishOptions,
    callback?: PacketCallback,
  ): this;
  publish(
    topic: string,
    payload: string | Buffer,
    ...args: [PacketCallback?] | [MqttJsPublishOptions?, PacketCallback?]
  ): this {
    const { options, callback } = optionsAndCallback<MqttJsPublishOptions, PacketCallback>(args);
    if (this.#isLeaving(callback)) return this;
    const done = callback ?? ((error?: Error) => void (error && this.emit('error', error)));
    try {
      const message = this.#requests.message(topic, payload, options);
      const send = () => this.#requests.publish(message, done);
      // At QoS 1 and 2 the session keeps it until it has been acknowledged.
      if (message.qos > 0) send();
      else if (this.connected || this.options.queueQoSZero) {
        this.#whenConnected({ send, cancel: done });
      } else queueMicrotask(() => done(new Error('No connection to broker')));
    } catch (error) {
      queueMicrotask(() => done(callbackError('Publish', error)));
    }
    return this;
  }

  publishAsync(
    topic: string,
    payload: string | Buffer,
    options: MqttJsPublishOptions = {},
  ): Promise<ForeignPacket | undefined> {
    return promised((done) => this.publish(topic, payload, options, done));
  }

  subscribe(topics: MqttJsTopics, callback?: SubscribeCallback): this;
  subscribe(
    topics: MqttJsTopics,
    options?: MqttJsSubscribeOptions,
    callback?: SubscribeCallback,
  ): this;
  subscribe(
    topics: MqttJsTopics,
    ...args: [SubscribeCallback?] | [MqttJsSubscribeOptions?, SubscribeCallback?]
  ): this {
    const { options, callback } = optionsAndCallback<MqttJsSubscribeOptions, SubscribeCallback>(
      args,
    );
    const done = callback ?? (() => {});
    if (this.#isLeaving(callback)) return this;
    const { fault, wanted } = this.#topics.request(topics, options, this.#version);
    if (fault !== undefined) {
      setImmediate(done, new Error(`Invalid topic ${fault}`));
    } else if (wanted.length === 0) {
      done(null, []);
    } else {
      if (this.options.resubscribe && this.options.reconnectPeriod > 0) {
        this.#topics.remember(wanted, options.properties);
      }
      this.#whenConnected({
        send: () => this.#requests.subscribe(wanted, options.properties, done),
        cancel: (error) => done(error, wanted),
      });
    }
    return this;
  }

  subscribeAsync(topics: MqttJsTopics, options: MqttJsSubscribeOptions = {}) {
    return promised<MqttJsGrant[]>((done) =>
      this.subscribe(topics, options, (error, granted) => done(error ?? undefined, granted)),
    ) as Promise<MqttJsGrant[]>;
  }

  unsubscribe(topics: string | string[], callback?: PacketCallback): this;
  unsubscribe(
    topics: string | string[],
    options?: MqttJsUnsubscribeOptions,
    callback?: PacketCallback,
  ): this;
  unsubscribe(
    topics: string | string[],
    ...args: [PacketCallback?] | [MqttJsUnsubscribeOptions?, PacketCallback?]
  ): this {
    const { options, callback } = optionsAndCallback<MqttJsUnsubscribeOptions, PacketCallback>(
      args,
    );
    const done = callback ?? (() => {});
    if (this.#isLeaving(callback)) return this;
    const filters = [topics].flat();
    const fault = this.#topics.fault(filters);
    if (fault !== undefined) {
      setImmediate(done, new Error(`Invalid topic ${fault}`));
      return this;
    }
    this.#topics.forget(filters);
    this.#whenConnected({
      send: () => this.#requests.unsubscribe(filters, options.properties, done),
      cancel: done,
    });
    return this;
  }

  unsubscribeAsync(topics: string | string[], options: MqttJsUnsubscribeOptions = {}) {
    return promised<ForeignPacket>((done) => this.unsubscribe(topics, options, done));
  }

  end(force?: boolean, options?: MqttJsEndOptions, callback?: DoneCallback): this;
  end(force?: boolean, callback?: DoneCallback): this;
  end(options?: MqttJsEndOptions, callback?: DoneCallback): this;
  end(callback?: DoneCallback): this;
  end(...args: readonly unknown[]): this {
    const isForced = args.includes(true);
    const options = args.find((arg) => typeof arg === 'object' && arg !== null) ?? {};
    const done = (args.find((arg) => typeof arg === 'function') ?? (() => {})) as DoneCallback;
    if (this.disconnecting) {
      done();
      return this;
    }
    clearTimeout(this.#reconnectTimer);
    this.#reconnectTimer = undefined;
    this.disconnecting = true;
    this.#finish = () => this.#ended(done);
    if (isForced || !this.connected) this.#leave(undefined);
    else {
      this.#requests.whenAnswered(() => {
        // The connection may have ended before, and the client with it.
        if (this.#finish !== undefined) this.#leave(options);
      });
    }
    return this;
  }

  endAsync(force?: boolean, options?: MqttJsEndOptions): Promise<void>;
  endAsync(options?: MqttJsEndOptions): Promise<void>;
  endAsync(...args: readonly unknown[]): Promise<void> {
    const end = this.end.bind(this) as (...all: readonly unknown[]) => this;
    return promised<void>((done) => end(...args, done));
  }

  /** Forgets the session: what it had is given up. */
  #begin(): void {
    this.#connections.renew();
    this.disconnecting = false;
    this.disconnected = false;
  }

  #reconnect(): void {
    this.emit('reconnect');
    this.connect();
  }

  #opened(connack: Connack): void {
    this.connected = true;
    this.reconnecting = false;
    const packet = foreignConnack(connack, this.#version);
    this.#connack = packet;
    if (!this.#isFirst && !connack.sessionPresent) {
      for (const each of this.#topics.granted()) {
        this.#requests.subscribe(each.wanted, each.properties, () => {});
      }
    }
    for (const { send } of this.#waiting.splice(0)) send();
    this.#isFirst = false;
    this.emit('connect', packet);
  }

  #take(publish: Publish, topic: string, source: Source): void {
    const packet = foreignPublish(publish, topic);
    // Acknowledgements are told by promises: what came after them is told after them.
    queueMicrotask(() => {
      try {
        this.emit('message', topic, packet.payload, packet);
      } finally {
        source.taken(publish.qos, publish.packetId);
      }
    });
  }

  #closed(failure: Error | undefined): void {
    const error = this.disconnecting ? undefined : closeError(failure, this.#version);
    const isRefusal =
      error instanceof MqttJsError && error.message.startsWith('Connection refused');
    this.#isRefused = isRefusal && !this.options.reconnectOnConnackError;
    this.connected = false;
    // In the order of MQTT.js, which takes its own verdict for the end and the network's for news.
    if (isTimeout(error)) this.#reconnectLater();
    if (error !== undefined) this.emit('error', error);
    this.#reconnectLater();
    this.emit('close');
    this.#finish?.();
  }

  #reconnectLater(): void {
    const { reconnectPeriod } = this.options;
    if (this.disconnecting || this.#isRefused || reconnectPeriod <= 0) return;
    if (this.#reconnectTimer !== undefined) return;
    if (!this.reconnecting) {
      this.emit('offline');
      this.reconnecting = true;
    }
    this.#reconnectTimer = setTimeout(() => this.#reconnect(), reconnectPeriod);
  }

  /** @param options undefined: without a word to the server */
  #leave(options: MqttJsEndOptions | undefined): void {
    if (!this.#connections.isOpen) {
      process.nextTick(() => this.#finish?.());
    } else if (options === undefined || !this.connected) {
      this.#connections.destroy();
    } else {
      const reasonCode = (options.reasonCode ?? reasonCodes.normalDisconnection) as ReasonCode;
      const properties = ownProperties<object>(options.properties);
      void this.#connections.session.disconnect(reasonCode, properties);
    }
  }

  #ended(done: DoneCallback): void {
    this.#finish = undefined;
    process.nextTick(() => {
      const error = new Error('Connection closed');
      this.disconnected = true;
      if (this.options.reconnectPeriod === 0 || this.options.manualConnect) {
        this.disconnecting = false;
      }
      this.#connections.close();
      for (const { cancel } of this.#waiting.splice(0)) cancel(error);
      this.emit('end');
      done();
    });
  }

  /** Whether nothing can be asked of the client any more, of which it tells. */
  #isLeaving(callback: ((error: Error) => void) | undefined): boolean {
    if (!this.disconnecting) return false;
    const error = new Error('client disconnecting');
    if (callback === undefined) this.emit('error', error);
    else callback(error);
    return true;
  }

  /** Now, or in its order with all else that waits for the connection. */
  #whenConnected(waiting: Waiting): void {
    if (this.connected) waiting.send();
    else this.#waiting.push(waiting);
  }

  /** Nothing is made of a packet that nobody looks at. */
  #show(name: 'packetsend' | 'packetreceive', packet: Packet): void {
    if (this.listenerCount(name) > 0) this.emit(name, foreignPacket(packet, this.#version));
    if (name === 'packetsend' || packet.type !== 'disconnect') return;
    this.emit('disconnect', foreignPacket(packet, this.#version));
  }
}

/** The last two arguments, of which either may be missing. */
function optionsAndCallback<Options extends object, Callback>(
  args: readonly (Options | Callback | null | undefined)[],
): { options: Options; callback: Callback | undefined } {
  const options = args.find((arg) => typeof arg === 'object' && arg !== null) ?? {};
  const callback = args.find((arg) => typeof arg === 'function');
  return { options: options as Options, callback: callback as Callback | undefined };
}

function promised<T>(start: (done: (error?: Error, value?: T) => void) => void) {
  return new Promise<T | undefined>((resolve, reject) => {
    start((error, value) => (error ? reject(error) : resolve(value)));
  });
}
