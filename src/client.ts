/**
 * An MQTT client for Node: it connects again when a connection breaks, and goes on where it was.
 *
 * ```ts
 * import { connect } from 'pantala';
 *
 * await using client = await connect('mqtt://localhost');
 * await client.publish('home/temperature', '25.5', { qos: 1, retain: true });
 * for await (const message of client.subscribe('home/+')) {
 *   console.log(message.topic, message.text());
 *   break;
 * }
 * ```
 */

import type {
  Authentication,
  ConnectOptions as CommonOptions,
  Servers,
} from './client/connect-options.ts';
import { type DurableOutbox, durableOutbox } from './client/durable-outbox.ts';
import { enhancedAuthentication } from './client/enhanced-authentication.ts';
import { knownTopics } from './client/known-topics.ts';
import { MqttClient } from './client/mqtt-client.ts';
import { Turn } from './session/turn.ts';
import { fileOutboxStore } from './storage/file-outbox.ts';
import { type NodePlatformOptions, nodePlatform } from './transport/node-platform.ts';

export { ClientError, type Failure } from './client/client-error.ts';
export type { ClientEvents, LostMessage } from './client/client-events.ts';
export type {
  Attempt,
  Authentication,
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
export { OutboxDamageError } from './storage/file-outbox.ts';
export { StoreInUseError } from './storage/store-lock.ts';
export type { SocksProxy } from './transport/socks5.ts';
export type { TlsOptions } from './transport/tls-client.ts';

export interface ConnectOptions extends Omit<CommonOptions, 'authentication'>, NodePlatformOptions {
  /** Enhanced authentication: `scramSha256`, or a mechanism of your own. */
  readonly authentication?: Authentication | undefined;
}

// One for all clients of a program: each has its buffers from it.
const turn = new Turn((flush) => void setImmediate(flush));

/**
 * Connects to an MQTT server.
 *
 * @param servers a URL, or several that are tried in their order: `mqtt://host:1883`,
 *   `mqtts://host:8883`, `ws://host/mqtt`, `wss://host/mqtt`, `mqtt+unix:///path`, or
 *   `mqtt+srv://domain` and `mqtts+srv://domain`, whose servers are looked up; `host` alone is
 *   `mqtt://host`. A function is asked before each attempt.
 * @throws ClientError when the server refuses, or the system's error when there is none
 */
export async function connect(
  servers: Servers | (() => Servers | Promise<Servers>),
  options: ConnectOptions = {},
): Promise<MqttClient> {
  const platform = { ...nodePlatform(options), topics: knownTopics, turn };
  const authentication = options.authentication && enhancedAuthentication(options.authentication);
  const client = new MqttClient(servers, { ...options, authentication }, platform);
  await client.start();
  return client;
}

/**
 * An outbox in a file, which is made where it is missing; its folder must be there. The messages
 * stay in memory as well. Only one program can have it at a time.
 *
 * ```ts
 * import { connect, fileOutbox } from 'pantala';
 *
 * await using client = await connect('mqtt://localhost', {
 *   clientId: 'meter-7',
 *   outbox: { store: fileOutbox('meter-7.outbox') },
 * });
 * await client.publish('meters/7', '1234.5', { qos: 2, until: 'stored' });
 * ```
 *
 * `connect` then rejects with `OutboxDamageError` when the file cannot be read, with
 * `StoreInUseError` when another program has it, or with what `node:fs` says.
 */
export function fileOutbox(path: string): DurableOutbox {
  return durableOutbox(fileOutboxStore(path));
}
