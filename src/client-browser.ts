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
import { indexedDbOutboxStore } from './browser/indexeddb-outbox.ts';
import type { ConnectOptions, Servers } from './client/connect-options.ts';
import { type DurableOutbox, durableOutbox } from './client/durable-outbox.ts';
import { MqttClient } from './client/mqtt-client.ts';

export { OutboxInUseError } from './browser/indexeddb-outbox.ts';
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
export { type DurableOutbox, durableOutbox } from './client/durable-outbox.ts';
export {
  type EnhancedAuthentication,
  enhancedAuthentication,
} from './client/enhanced-authentication.ts';
export type { IncomingMessage } from './client/incoming-message.ts';
export type { HandleMessage } from './client/message-handler.ts';
export type {
  DisconnectOptions,
  MqttClient,
  PublishOptions,
  SubscribeOptions,
} from './client/mqtt-client.ts';
export type { OutboxOptions } from './client/outbox.ts';
export type { OutboxRecord, OutboxStore } from './client/ports.ts';
export type { Published } from './client/published.ts';
export type { RequestOptions } from './client/requester.ts';
export type { Respond, Response } from './client/responder.ts';
export { type ScramOptions, scramSha256 } from './client/scram.ts';
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

/**
 * An outbox in a database of the page's origin, which is made where it is missing. Only one page
 * can have it at a time, where the browser has locks: in secure contexts.
 *
 * ```ts
 * const client = await connect('wss://localhost/mqtt', {
 *   clientId: 'page-7',
 *   outbox: { store: indexedDbOutbox('page-7') },
 * });
 * ```
 *
 * Browsers may remove it when they run out of room, unless `navigator.storage.persist()` was
 * granted; and Safari does when nobody has come for a week.
 */
export function indexedDbOutbox(name: string): DurableOutbox {
  return durableOutbox(indexedDbOutboxStore(name));
}
