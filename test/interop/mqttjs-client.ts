/** MQTT.js as a foreign client. */

import { readFileSync } from 'node:fs';
import mqtt from 'mqtt';
import type { ConnectProperties, Will } from '../../src/packet/connect.ts';
import type { ProtocolVersion } from '../../src/packet/version.ts';
import {
  Arrivals,
  type ForeignClient,
  type ForeignConnectOptions,
  type ForeignLibrary,
  type ForeignMessage,
  type ForeignPublishOptions,
  ForeignRefusal,
  type ForeignSubscribeOptions,
} from './foreign-client.ts';
import { propertiesForMqttJs, propertiesFromMqttJs } from './mqttjs-properties.ts';

export const mqttJs: ForeignLibrary = {
  name: 'MQTT.js',
  readsBareReasons: true,
  async connect(options) {
    const client = new MqttJsClient(options);
    await client.connected;
    return client;
  },
};

class MqttJsClient implements ForeignClient {
  readonly connected: Promise<void>;
  readonly ended: Promise<number | undefined>;
  sessionPresent = false;
  assignedClientId: string | undefined;
  readonly #client: mqtt.MqttClient;
  readonly #version: ProtocolVersion;
  readonly #arrivals = new Arrivals();

  constructor(options: ForeignConnectOptions) {
    this.#client = mqtt.connect(clientOptions(options));
    this.#version = options.version;
    this.connected = this.#connected();
    this.ended = this.#ended();
    this.#client.on('message', (topic, payload, packet) => {
      const { qos, retain, properties } = packet;
      const own = propertiesFromMqttJs(properties);
      this.#arrivals.add({ topic, payload: new Uint8Array(payload), qos, retain, properties: own });
    });
  }

  async subscribe(filter: string, options: ForeignSubscribeOptions = {}): Promise<number> {
    const { qos = 0, noLocal, retainAsPublished, retainHandling, subscriptionIdentifier } = options;
    const only5 = {
      nl: noLocal ?? false,
      rap: retainAsPublished ?? false,
      rh: retainHandling ?? 0,
      ...(subscriptionIdentifier !== undefined && { properties: { subscriptionIdentifier } }),
    };
    const granted = Promise.withResolvers<number>();
    this.#client.subscribe(
      filter,
      { qos, ...(this.#version === 5 && only5) },
      (_error, _, suback) => {
        granted.resolve(suback?.granted[0] as number);
      },
    );
    return granted.promise;
  }

  async unsubscribe(filter: string): Promise<void> {
    await this.#client.unsubscribeAsync(filter);
  }

  async publish(
    topic: string,
    payload: string | Uint8Array,
    { qos = 0, retain = false, properties }: ForeignPublishOptions = {},
  ): Promise<void> {
    await this.#client.publishAsync(topic, Buffer.from(payload), {
      qos,
      retain,
      ...(properties && { properties: propertiesForMqttJs(properties) }),
    });
  }

  next(): Promise<ForeignMessage> {
    return this.#arrivals.next();
  }

  pingAnswered(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const listener = ({ cmd }: mqtt.Packet) => {
      if (cmd !== 'pingresp') return;
      this.#client.off('packetreceive', listener);
      resolve();
    };
    this.#client.on('packetreceive', listener);
    return promise;
  }

  async disconnect(): Promise<void> {
    await this.#client.endAsync();
  }

  async vanish(): Promise<void> {
    this.#client.stream.destroy();
    await this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.endAsync(true);
  }

  #connected(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#client.once('connect', ({ sessionPresent, properties }) => {
      this.sessionPresent = sessionPresent;
      this.assignedClientId = properties?.assignedClientIdentifier;
      resolve();
    });
    this.#client.on('error', (error) => {
      reject('code' in error ? new ForeignRefusal(Number(error.code)) : error);
    });
    return promise;
  }

  #ended(): Promise<number | undefined> {
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    let reasonCode: number | undefined;
    this.#client.on('disconnect', (packet) => {
      reasonCode = packet.reasonCode;
    });
    this.#client.on('close', () => {
      this.#arrivals.end();
      resolve(reasonCode);
    });
    return promise;
  }
}

function clientOptions(options: ForeignConnectOptions): mqtt.IClientOptions {
  const { host, port, path = '/', webSocket, version, clientId, will, properties } = options;
  return {
    ...protocolOf(webSocket),
    host,
    port,
    path,
    protocolId: version === 3 ? 'MQIsdp' : 'MQTT',
    protocolVersion: version,
    clientId,
    clean: options.cleanStart ?? true,
    keepalive: options.keepAliveSeconds ?? 60,
    reconnectPeriod: 0,
    ...(will && { will: willForMqttJs(will) }),
    ...(properties && { properties: connectProperties(properties) }),
  };
}

function protocolOf(webSocket: ForeignConnectOptions['webSocket']): mqtt.IClientOptions {
  if (webSocket === undefined) return { protocol: 'mqtt' };
  const { caFile } = webSocket;
  return caFile === undefined ? { protocol: 'ws' } : { protocol: 'wss', ca: readFileSync(caFile) };
}

function willForMqttJs({ properties, payload, ...will }: Will): mqtt.IClientOptions['will'] {
  return {
    ...will,
    payload: Buffer.from(payload),
    ...(properties && { properties: propertiesForMqttJs(properties) }),
  };
}

/** Those that a claim uses. */
function connectProperties(properties: ConnectProperties): mqtt.IClientOptions['properties'] {
  const { sessionExpiryInterval, receiveMaximum, maximumPacketSize, topicAliasMaximum } =
    properties;
  return { sessionExpiryInterval, receiveMaximum, maximumPacketSize, topicAliasMaximum };
}
