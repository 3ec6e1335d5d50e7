/** What the broker asks of the world around it. */

import type { Packet } from '../packet/packet.ts';
import type { ReasonCode } from '../packet/reason-codes.ts';
import type { RetainHandling } from '../packet/subscribe.ts';
import type { ProtocolVersion, QoS } from '../packet/version.ts';
import type { DropCause } from '../session/delivery.ts';
import type { PeerCredentials } from '../session/link.ts';
import type { Message, MessageProperties } from '../session/message.ts';

export type { Clock } from '../session/clock.ts';

/** Who is at the other end of a connection, as far as is known. */
export interface ClientIdentity {
  readonly clientId: string;
  readonly userName: string | undefined;
  /** The network address, for people and logs. */
  readonly peer: string;
  /** What the transport knows of the client; undefined where it can know nothing. */
  readonly credentials?: PeerCredentials | undefined;
  /** What the gatekeeper knows the client by, as it gave it along when it let it in. */
  readonly account?: object | undefined;
}

/** A request to be let in. */
export interface Admission extends ClientIdentity {
  /**
   * The transport vouches for the client, and the user name is its identity: nobody needs to ask
   * for a password. Never so where an authentication method is named.
   */
  readonly isVouchedFor: boolean;
  readonly version: ProtocolVersion;
  readonly password: Uint8Array | undefined;
  readonly authenticationMethod: string | undefined;
  readonly authenticationData: Uint8Array | undefined;
}

/** The client is who it says it is. */
export interface Acceptance {
  readonly type: 'accept';
  readonly authenticationData?: Uint8Array | undefined;
  /** Stands in the identity of the client from now on, for the gatekeeper alone. */
  readonly account?: object | undefined;
  /** Seconds after which the client is sent away, unless it authenticates again; absent: never. */
  readonly validSeconds?: number | undefined;
}

/** What a Gatekeeper says of a request. */
export type Verdict =
  | Acceptance
  | {
      readonly type: 'refuse';
      readonly reasonCode: ReasonCode;
      /** For the log. */
      readonly reason?: string;
      /** What a client of MQTT 5.0 is told besides the code; absent, as from Mosquitto: nothing. */
      readonly reasonString?: string;
    }
  | {
      /**
       * Enhanced authentication goes on: AUTH with `data`; its reply goes to `proceed`. Refuses a
       * request that names no authentication method.
       */
      readonly type: 'challenge';
      readonly data?: Uint8Array;
      readonly proceed: (data: Uint8Array | undefined, answer: Answer) => void;
    };

/** Takes a verdict, once, and never before the call that asked has returned. */
export type Answer = (verdict: Verdict) => void;

/** Decides who may connect, publish and subscribe. */
export interface Gatekeeper {
  /** CONNECT, and the start of the exchange when it names an authentication method. */
  admit(request: Admission, answer: Answer): void;

  /** AUTH with 0x19: a connected client authenticates again. [MQTT-4.12.1-1] */
  reauthenticate(request: Admission, answer: Answer): void;

  /** `success`, or the reason code of the refusal. On the path of each message: decide fast. */
  mayPublish(client: ClientIdentity, topic: string): ReasonCode;

  /** `success`, or the reason code of the refusal. */
  maySubscribe(client: ClientIdentity, filter: string): ReasonCode;

  /**
   * Whether messages of the topic may reach the client, which may be away. The broker remembers the
   * answer until it is told that access has changed, or the client comes back as somebody else.
   * Absent: everything that it has subscribed to.
   */
  mayReceive?(client: ClientIdentity, topic: string): boolean;

  /** What may be received depends on the account that the client has been given, too. */
  readonly judgesByAccount?: boolean;

  /** For the log: the rule that decides on a request that was refused, and where it stands. */
  ruleFor?(client: ClientIdentity, access: Access, topic: string): string | undefined;

  /** Sees what the clients that it lets in send, and decides about that in its place. */
  readonly interceptor?: Interceptor | undefined;
}

/** What a client may or may not do with a topic or a filter. */
export type Access = 'publish' | 'subscribe' | 'receive';

/** A message that a client wants to publish, before anything has become of it. */
export interface Publication {
  readonly client: ClientIdentity;
  /** With the mount point of the listener. */
  readonly topic: string;
  /** May be a view of what the network brought: copy what is to be kept. */
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly properties: MessageProperties | undefined;
  /** It was left with CONNECT and is due now; the client may have gone. */
  readonly isWill: boolean;
}

/** What an Interceptor says of a message. */
export type PublishVerdict =
  | { readonly type: 'pass' }
  | { readonly type: 'refuse'; readonly reasonCode: ReasonCode; readonly reason?: string }
  | {
      /** Another message goes on in its place. Its QoS must not be higher. */
      readonly type: 'change';
      readonly topic: string;
      readonly payload: Uint8Array;
      readonly qos: QoS;
      readonly retain: boolean;
      readonly properties: MessageProperties | undefined;
      /** Is told why the broker cannot take the change, and refuses the message instead. */
      readonly rejected: (fault: string) => void;
    };

/** One filter that a client wants to subscribe to. */
export interface RequestedSubscription {
  /** Without `$share/GROUP/`; with the mount point of the listener, as topics are. */
  readonly filter: string;
  /** The group of a shared subscription. */
  readonly group: string | undefined;
  readonly qos: QoS;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly retainHandling: RetainHandling;
}

/**
 * Sees what clients send before it takes effect. Every method may be absent, and then costs
 * nothing. A question is answered at once with what it returns; or it returns undefined, and calls
 * `answer` later, once, within a bounded time. Until then the client is not read any more.
 */
export interface Interceptor {
  /** Decides in place of `Gatekeeper.mayPublish`. A message of QoS 2 is not asked about again. */
  publish?(
    publication: Publication,
    answer: (verdict: PublishVerdict) => void,
  ): PublishVerdict | undefined;

  /**
   * Decides in place of `Gatekeeper.maySubscribe`, with the reason codes of SUBACK: for each
   * subscription the highest QoS that is granted, or the reason code of the refusal.
   */
  subscribe?(
    client: ClientIdentity,
    subscriptions: readonly RequestedSubscription[],
    answer: (verdicts: readonly ReasonCode[]) => void,
  ): readonly ReasonCode[] | undefined;

  /** A subscription has ended that the client had; the filter is as the client wrote it. */
  unsubscribed?(client: ClientIdentity, filter: string): void;

  connected?(client: ConnectedClient): void;
  disconnected?(departure: Departure): void;
}

/** Why a store could not do what was asked: the disk is full, cannot be written, is broken. */
export interface StoreFault {
  /** As the system has it: `ENOSPC`, `EROFS`, `EIO`. */
  readonly code: string;
  readonly message: string;
}

/** A record as it was stored. */
export interface StoredRecord {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  /** The message of a delivery that shares it with others; undefined, too, when it is lost. */
  readonly message: Uint8Array | undefined;
}

/** Keeps records, by keys of bytes, in their order: see state/keys.ts. */
export interface Store {
  /**
   * Makes changes (state/changes.ts), all or none. Commits are made in the order of the calls.
   *
   * @param changes whose bytes the caller leaves alone until `done` is called
   * @param done is called later: without a fault when the changes are as safe as was promised;
   *   after a fault nothing has changed, and the caller may try again
   */
  commit(changes: Uint8Array<ArrayBuffer>, done: (fault: StoreFault | undefined) => void): void;

  /**
   * Reads the first records from one key to another, both included, as all commits before have
   * left them.
   *
   * @param answer is called later, with as many as are worth a turn, none if there are none; while
   *   nothing can be read it is not called
   */
  read(
    from: Uint8Array<ArrayBuffer>,
    to: Uint8Array<ArrayBuffer>,
    answer: (records: readonly StoredRecord[]) => void,
  ): void;
}

/** A client that got its CONNACK. */
export interface ConnectedClient extends ClientIdentity {
  readonly version: ProtocolVersion;
  readonly cleanStart: boolean;
  readonly keepAliveSeconds: number;
  readonly sessionPresent: boolean;
}

/** The end of a client's connection. */
export interface Departure {
  readonly client: ConnectedClient;
  readonly cause: DisconnectCause;
  readonly reasonCode: ReasonCode;
  readonly message: string;
}

/** A hook of a plugin that threw, answered what makes no sense, or did not answer in time. */
export interface HookFailure {
  /** The plugin, as people know it. */
  readonly plugin: string;
  readonly hook: string;
  readonly error: unknown;
}

/** Why a connection ended. */
export type DisconnectCause =
  /** The client sent DISCONNECT. */
  | 'disconnect'
  /** The network connection ended without one. */
  | 'connection lost'
  | 'keep-alive timeout'
  | 'session taken over'
  | 'protocol error'
  | 'server shutting down'
  | 'not authorized';

/**
 * Is told what happens, for logs, metrics and traces. Every method may be absent, and then its
 * event is never built.
 */
export interface Observer {
  connectionOpened?(peer: string): void;
  /** A connection ended that never became a client's. */
  connectionRefused?(event: {
    readonly peer: string;
    readonly clientId: string | undefined;
    readonly reasonCode: ReasonCode;
    readonly message: string;
  }): void;
  /** A connection came when there were as many as may be, of its listener or in all. */
  connectionTurnedAway?(peer: string, limit: 'connectionsMax' | 'allConnectionsMax'): void;
  clientConnected?(client: ConnectedClient): void;
  clientDisconnected?(departure: Departure): void;
  sessionExpired?(clientId: string): void;
  subscribed?(clientId: string, filter: string, qos: QoS): void;
  unsubscribed?(clientId: string, filter: string): void;
  /** @param rule what has decided, where the gatekeeper can tell: see `Gatekeeper.ruleFor` */
  publishDenied?(
    client: ClientIdentity,
    topic: string,
    reasonCode: ReasonCode,
    rule: string | undefined,
  ): void;
  subscribeDenied?(
    client: ClientIdentity,
    filter: string,
    reasonCode: ReasonCode,
    rule: string | undefined,
  ): void;
  /** Messages of the topic do not reach a subscriber; not told again for each of them. */
  receiveDenied?(client: ClientIdentity, topic: string, rule: string | undefined): void;
  /** The store cannot keep anything for now: publishers are refused. */
  storeFailed?(fault: StoreFault): void;
  storeRecovered?(): void;
  /** The store had messages for a client and cannot give them back. */
  messagesUnreadable?(clientId: string, count: number): void;
  /** What it was asked about has been refused. */
  hookFailed?(failure: HookFailure): void;
  messageDropped?(clientId: string, message: Message, qos: QoS, cause: DropCause): void;
  /** The bytes in packets are lent: copy those that are needed later. */
  packetReceived?(clientId: string | undefined, packet: Packet): void;
  packetSent?(clientId: string | undefined, packet: Packet): void;
}
