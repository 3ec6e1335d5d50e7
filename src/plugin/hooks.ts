/** What a plugin may do: the hooks that the broker calls, and what they may answer. */

import type {
  Access,
  Admission,
  ClientIdentity,
  ConnectedClient,
  Departure,
  Publication,
} from '../broker/ports.ts';
import type { ReasonCode } from '../packet/reason-codes.ts';
import type { QoS } from '../packet/version.ts';
import type { PeerCredentials } from '../session/link.ts';
import type { MessageProperties } from '../session/message.ts';

/** A client as hooks know it. */
export interface Client {
  readonly clientId: string;
  readonly userName: string | undefined;
  /** The network address, for people and logs. */
  readonly peer: string;
  /** What the transport knows of it: cipher, identity, subject of the certificate. */
  readonly credentials?: PeerCredentials | undefined;
  /** What the hook that let it in has noted; undefined where no hook has. */
  readonly grant?: unknown;
}

/** A client with a connection. */
export interface HookedClient extends Client, Omit<ConnectedClient, keyof ClientIdentity> {}

/** Now, or as a promise. The broker waits for a promise, but not for ever: see docs/plugins.md. */
export type Soon<Value> = Value | PromiseLike<Value>;

/**
 * Refuses what was asked. Without a reason code it is 0x87, not authorized. Clients of MQTT 5.0 are
 * told the code, and the reason where they want to know; a code that MQTT does not allow in the
 * answer counts as a mistake of the hook.
 */
export interface Denial {
  readonly type: 'deny';
  readonly reasonCode?: ReasonCode | undefined;
  /** For the client, and for the log: keep secrets out. */
  readonly reason?: string | undefined;
}

/** `defer` leaves it to the next plugin, and in the end to the files of the configuration. */
export type Decision = 'allow' | 'deny' | 'defer' | Denial;

/** Lets a client in, with something to be known of it. */
export interface Allowance {
  readonly type: 'allow';
  /** Seconds after which the client is sent away with 0xA0; absent: never. */
  readonly validSeconds?: number | undefined;
  /** Is found as `client.grant` by every hook that is asked about this client. */
  readonly grant?: unknown;
}

/** A client that wants to come in. */
export interface AuthenticateRequest extends Client, Pick<Admission, 'version' | 'isVouchedFor'> {
  /** As sent; undefined where the client sent none. */
  readonly password: Uint8Array | undefined;
}

/** A client that wants to come in, or to prove itself again, by a method of its own. */
export interface EnhancedRequest extends Client {
  /** As the client names it: `SCRAM-SHA-256`. */
  readonly method: string;
  /** What it begins with. */
  readonly data: Uint8Array | undefined;
  /** It is connected already. */
  readonly isReauthentication: boolean;
}

/** An exchange goes on: the client gets `data`, and its reply goes to `proceed`. */
export interface Challenge {
  readonly type: 'challenge';
  readonly data?: Uint8Array | undefined;
  readonly proceed: (reply: Uint8Array | undefined) => Soon<EnhancedAnswer>;
}

/** The exchange ends well; `data` is the last word to the client. */
export interface EnhancedAllowance extends Allowance {
  readonly data?: Uint8Array | undefined;
}

export type EnhancedAnswer = Decision | EnhancedAllowance | Challenge;

interface Question {
  readonly client: Client;
  readonly access: Access;
  /** A topic name; for `subscribe` a filter, without `$share/GROUP/`. */
  readonly topic: string;
}

/** A message on its way in. The payload may be a view: copy what you keep. */
export interface PublishedMessage extends Omit<Publication, 'client'> {
  readonly client: Client;
}

/** A client publishes, or its will does. */
export interface PublishQuestion extends Question, PublishedMessage {
  readonly access: 'publish';
}

/** A client subscribes; the group is that of a shared subscription. */
export interface SubscribeQuestion extends Question {
  readonly access: 'subscribe';
  readonly group: string | undefined;
  readonly qos: QoS;
}

/** Messages of a topic would reach a client. */
export interface ReceiveQuestion extends Question {
  readonly access: 'receive';
}

export type AuthorizeRequest = PublishQuestion | SubscribeQuestion | ReceiveQuestion;

// biome-ignore lint/suspicious/noConfusingVoidType: a hook that only looks has no return
export type Nothing = undefined | void;

/** What goes on in place of the message that was published; what is absent stays as it was. */
export interface MessageChange {
  readonly type: 'change';
  readonly topic?: string;
  readonly payload?: Uint8Array | string;
  /** Not above the one it was published with. */
  readonly qos?: QoS;
  readonly retain?: boolean;
  /** All of them: `{ ...message.properties, contentType: 'text/plain' }`. */
  readonly properties?: MessageProperties | undefined;
}

/** A subscription is granted with a lower QoS. */
export interface SubscriptionChange {
  readonly type: 'change';
  readonly qos: QoS;
}

/** One filter of a SUBSCRIBE. */
export interface SubscribeRequest {
  readonly client: Client;
  /** Without `$share/GROUP/`. */
  readonly filter: string;
  readonly group: string | undefined;
  readonly qos: QoS;
}

/**
 * The hooks of one plugin. Each may be absent, and then costs nothing. One that throws, rejects or
 * takes too long is contained: what it was asked about is refused, and the log tells of it.
 *
 * ```ts
 * import { createBroker, type Hooks } from 'pantala/broker';
 *
 * const hooks: Hooks = {
 *   authenticate: ({ userName }) => (userName === 'sensor' ? 'allow' : 'deny'),
 *   connected: ({ clientId, peer }) => console.log(`${clientId} has come from ${peer}`),
 * };
 * await using broker = createBroker({ hooks });
 * await broker.listen({ port: 0 });
 * ```
 */
export interface Hooks {
  /**
   * CONNECT without an authentication method: may the client come in?
   *
   * ```ts
   * import { timingSafeEqual } from 'node:crypto';
   * import type { Hooks } from 'pantala/broker';
   *
   * const secret = Buffer.from('correct horse');
   * export const hooks: Hooks = {
   *   async authenticate({ userName, password = new Uint8Array() }) {
   *     if (userName === undefined) return 'defer';
   *     const isRight = password.length === secret.length && timingSafeEqual(password, secret);
   *     if (!isRight) return { type: 'deny', reason: 'wrong password' };
   *     return { type: 'allow', grant: { role: 'operator' }, validSeconds: 86_400 };
   *   },
   * };
   * ```
   */
  authenticate?(request: AuthenticateRequest): Soon<Decision | Allowance>;

  /**
   * CONNECT that names an authentication method, and AUTH of a client that proves itself again
   * (MQTT 5.0 section 4.12). `defer` where the method is not yours. `scramSha256` makes such a
   * hook.
   *
   * ```ts
   * import type { Hooks } from 'pantala/broker';
   *
   * const text = new TextDecoder();
   * export const hooks: Hooks = {
   *   authenticateEnhanced({ method }) {
   *     if (method !== 'X-SUM') return 'defer';
   *     const [a, b] = [Math.random(), Math.random()].map((chance) => Math.floor(chance * 100));
   *     return {
   *       type: 'challenge',
   *       data: Buffer.from(`${a}+${b}`),
   *       proceed: (reply) => (text.decode(reply) === String(a + b) ? 'allow' : 'deny'),
   *     };
   *   },
   * };
   * ```
   */
  authenticateEnhanced?(request: EnhancedRequest): Soon<EnhancedAnswer>;

  /**
   * May the client publish, subscribe, receive? The answer to `receive` must not be a promise: it
   * is remembered for each client and topic, and not asked for again until access is said to have
   * changed. The other two are asked about each message and each filter.
   *
   * ```ts
   * import type { Hooks } from 'pantala/broker';
   *
   * export const hooks: Hooks = {
   *   authorize({ access, topic, client }) {
   *     if (topic.startsWith(`devices/${client.clientId}/`)) return 'allow';
   *     return access === 'publish' ? { type: 'deny', reason: 'not your own device' } : 'defer';
   *   },
   * };
   * ```
   */
  authorize?(request: AuthorizeRequest): Soon<Decision>;

  /**
   * A message that is authorized, before anybody gets it: return nothing to let it pass, or what
   * is to go on in its place, or a refusal. Wills come by as well. You are asked again about a
   * message of QoS 1 or 2 whose client was lost and came back while you were asked.
   *
   * ```ts
   * import type { Hooks } from 'pantala/broker';
   *
   * export const hooks: Hooks = {
   *   publish({ topic, payload, properties }) {
   *     if (payload.length > 10_000) return { type: 'deny', reasonCode: 0x97, reason: 'too long' };
   *     if (!topic.startsWith('log/')) return;
   *     const userProperties = [['received', new Date().toISOString()]] as const;
   *     return { type: 'change', properties: { ...properties, userProperties } };
   *   },
   * };
   * ```
   */
  publish?(message: PublishedMessage): Soon<MessageChange | Denial | 'deny' | Nothing>;

  /**
   * A subscription that is authorized, before it holds: return nothing, a lower QoS, or a refusal.
   *
   * ```ts
   * import type { Hooks } from 'pantala/broker';
   *
   * export const hooks: Hooks = {
   *   subscribe({ filter, qos }) {
   *     if (filter === '#') return { type: 'deny', reason: 'subscribe to what you need' };
   *     if (qos === 2) return { type: 'change', qos: 1 };
   *   },
   * };
   * ```
   */
  subscribe?(request: SubscribeRequest): Soon<SubscriptionChange | Denial | 'deny' | Nothing>;

  /**
   * A subscription has ended; the filter is as the client wrote it.
   *
   * ```ts
   * import type { Hooks } from 'pantala/broker';
   *
   * export const hooks: Hooks = {
   *   unsubscribe: ({ client, filter }) => console.log(`${client.clientId} has left ${filter}`),
   * };
   * ```
   */
  unsubscribe?(event: { readonly client: Client; readonly filter: string }): Soon<unknown>;

  /**
   * A client has got its CONNACK.
   *
   * ```ts
   * import type { Hooks } from 'pantala/broker';
   *
   * const online = new Map<string, Date>();
   * export const hooks: Hooks = {
   *   connected: ({ clientId }) => online.set(clientId, new Date()),
   *   disconnected: ({ client }) => online.delete(client.clientId),
   * };
   * ```
   */
  connected?(client: HookedClient): Soon<unknown>;

  /**
   * The connection of a client that was connected is over.
   *
   * ```ts
   * import type { Hooks } from 'pantala/broker';
   *
   * export const hooks: Hooks = {
   *   disconnected({ client, cause, message }) {
   *     if (cause !== 'disconnect') console.log(`${client.clientId} was lost: ${message}`);
   *   },
   * };
   * ```
   */
  disconnected?(departure: HookedDeparture): Soon<unknown>;

  /**
   * The configuration is read again (SIGHUP): read again, too, what the plugin has read.
   *
   * ```ts
   * import { readFile } from 'node:fs/promises';
   * import type { Hooks } from 'pantala/broker';
   *
   * let banned: readonly string[] = [];
   * export const hooks: Hooks = {
   *   authenticate: ({ clientId }) => (banned.includes(clientId) ? 'deny' : 'defer'),
   *   async reload() {
   *     banned = (await readFile('banned.txt', 'utf8')).split('\n');
   *   },
   * };
   * ```
   */
  reload?(): Soon<unknown>;

  /**
   * The broker has ended: let go of files, timers and connections.
   *
   * ```ts
   * import type { Hooks } from 'pantala/broker';
   *
   * const timer = setInterval(() => console.log('still here'), 60_000);
   * export const hooks: Hooks = { close: () => clearInterval(timer) };
   * ```
   */
  close?(): Soon<unknown>;
}

/** The end of a client's connection, and why it has ended. */
export interface HookedDeparture extends Omit<Departure, 'client'> {
  readonly client: HookedClient;
}

/** The names of all hooks. */
export const hookNames = [
  'authenticate',
  'authenticateEnhanced',
  'authorize',
  'publish',
  'subscribe',
  'unsubscribe',
  'connected',
  'disconnected',
  'reload',
  'close',
] as const satisfies readonly (keyof Hooks)[];

export type HookName = (typeof hookNames)[number];

/** Hooks, and who has written them. */
export interface Plugin {
  /** For the log: the name of the file, or `pantala:jwt`. */
  readonly name: string;
  readonly hooks: Hooks;
}
