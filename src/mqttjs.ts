/**
 * The client with the methods of MQTT.js: a program that was written for that package changes one
 * import. What is not served throws an error that names it.
 *
 * ```ts
 * import mqtt from 'pantala/mqttjs';
 *
 * const client = mqtt.connect('mqtt://localhost');
 * client.on('connect', () => client.subscribe('home/temperature'));
 * client.on('message', (topic, payload) => {
 *   console.log(topic, payload.toString());
 *   client.end();
 * });
 * ```
 */

import type { MqttJsOptions } from './mqttjs/client-options.ts';
import { MqttJsClient } from './mqttjs/mqttjs-client.ts';
import { settle } from './mqttjs/settings.ts';
import { nodePlatform } from './transport/node-platform.ts';

export type {
  MqttJsEndOptions as IClientEndOptions,
  MqttJsGrant as ISubscriptionGrant,
  MqttJsOptions as IClientOptions,
  MqttJsPublishOptions as IClientPublishOptions,
  MqttJsSubscribeOptions as IClientSubscribeOptions,
  MqttJsTopics as ISubscriptionTopics,
} from './mqttjs/client-options.ts';
export type {
  ForeignConnack as IConnackPacket,
  ForeignPacket as Packet,
  ForeignPublish as IPublishPacket,
} from './mqttjs/foreign-packet.ts';
export type { DoneCallback, MqttJsEvents as MqttClientEvents } from './mqttjs/mqttjs-client.ts';
export { MqttJsClient as MqttClient } from './mqttjs/mqttjs-client.ts';
export type {
  PacketCallback,
  SubscribeCallback as ClientSubscribeCallback,
} from './mqttjs/server-requests.ts';

/**
 * A client that connects, and tries again every `reconnectPeriod` milliseconds until it is ended.
 *
 * @param url `mqtt://host:1883`, `mqtts`, `ws`, `wss`, `mqtt+unix:///path`; or the options alone
 * @throws Error for an option that is missing or not supported
 */
export function connect(url: string | MqttJsOptions, options?: MqttJsOptions): MqttJsClient {
  return new MqttJsClient(settle(url, options, Math.random), nodePlatform({}));
}

/**
 * The same, once there is a connection.
 *
 * @param allowRetries false: the first attempt is the only one
 * @throws the first error; then the client has been ended
 */
export function connectAsync(
  url: string | MqttJsOptions,
  options?: MqttJsOptions,
  allowRetries = true,
): Promise<MqttJsClient> {
  const client = connect(url, options);
  const { promise, resolve, reject } = Promise.withResolvers<MqttJsClient>();
  const connected = () => resolve(client);
  const failed = (error: Error) => {
    reject(error);
    client.end();
  };
  const closed = () => failed(new Error("Couldn't connect to server"));
  client.on('connect', connected).on('end', connected).on('error', failed);
  if (!allowRetries) client.on('close', closed);
  const settled = () => {
    client.off('connect', connected).off('end', connected).off('error', failed);
    client.off('close', closed);
  };
  promise.then(settled, settled);
  return promise;
}

// biome-ignore lint/style/noDefaultExport: most programs have `import mqtt from 'mqtt'`
export default { connect, connectAsync, MqttClient: MqttJsClient, Client: MqttJsClient };
