/**
 * An MQTT client for browsers: the same as in Node, over the browser's own WebSocket.
 *
 * ```ts
 * import { connect } from 'pantala';
 *
 * await using client = await connect('wss://broker.example.com');
 * await client.publish('home/temperature', '25.5', { qos: 1, retain: true });
 * for await (const message of client.subscribe('home/+')) {
 *   console.log(message.topic, message.text());
 *   break;
 * }
 * ```
 */

import { browserPlatform } from './browser/browser-platform.ts';
import type { ConnectOptions, Servers } from './client/connect-options.ts';
import { MqttClient } from './client/mqtt-client.ts';

export { indexedDbOutbox, OutboxInUseError } from './browser/indexeddb-outbox.ts';
export { ClientError, type Failure } from './client/client-error.ts';
export type { ClientEvents, LostMessage } from './client/client-events.ts';
export type {
  Attempt,
  Authentication,
  ConnectOptions,
  Credentials,
  ReconnectOptions,
  Servers,
  WillOptions,
} from './client/connect-options.ts';
export type { IncomingMessage } from './client/incoming-message.ts';
export type { HandleMessage } from './client/message-handler.ts';
export type {
  DisconnectOptions,
  MqttClient,
  PublishOptions,
  SubscribeOptions,
} from './client/mqtt-client.ts';
export type { OutboxOptions } from './client/outbox.ts';
export type { Published } from './client/published.ts';
export type { RequestOptions } from './client/requester.ts';
export type { Respond, Response } from './client/responder.ts';
export type { ServerTerms } from './client/server-terms.ts';
export type { Subscription } from './client/subscription.ts';
export { type ReasonCode, reasonCodes } from './packet/reason-codes.ts';

/**
 * Connects to an MQTT server.
 *
 * @param servers a URL, or several that are tried in their order: `ws://host/mqtt`,
 *   `wss://host/mqtt`; where there is no path, it is `/mqtt`. A function is asked before each
 *   attempt.
 * @throws ClientError when the server refuses; TypeError for other URLs; else an Error, as when the
 *   server cannot be reached
 */
export async function connect(
  servers: Servers | (() => Servers | Promise<Servers>),
  options: ConnectOptions = {},
): Promise<MqttClient> {
  const client = new MqttClient(servers, options, browserPlatform());
  await client.start();
  return client;
}
