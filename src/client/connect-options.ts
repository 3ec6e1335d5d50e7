/** What the user of a client says about its connections. */

import type { ConnectProperties, WillProperties } from '../packet/connect.ts';
import type { ProtocolVersion, QoS } from '../packet/version.ts';
import type { ClientError } from './client-error.ts';
import type { EnhancedAuthentication } from './enhanced-authentication.ts';
import type { ClientLimits } from './limits.ts';
import type { OutboxOptions } from './outbox.ts';
import type { Authenticator, ClientObserver } from './ports.ts';
import type { SubscriberLimits } from './subscriber.ts';

/** One or several URLs; several are tried in their order until one is reached. */
export type Servers = string | URL | readonly (string | URL)[];

export interface Credentials {
  readonly userName?: string | undefined;
  readonly password?: Uint8Array | string | undefined;
}

/** An attempt to connect, for what is made anew each time. */
export interface Attempt {
  /** 1 for the first one after a connection, or of all. */
  readonly number: number;
  /** Why the last one failed, or the last connection ended. */
  readonly failure: Error | undefined;
}

/** A mechanism of enhanced authentication. (MQTT 5.0 section 4.12) */
export interface Authentication {
  readonly method: string;
  /** Begins an exchange. */
  begin(): { readonly data?: Uint8Array | undefined; readonly authenticator: Authenticator };
}

export interface WillOptions {
  readonly topic: string;
  readonly payload?: Uint8Array | string;
  /** 0. */
  readonly qos?: QoS;
  /** false. */
  readonly retain?: boolean;
  /** MQTT 5.0; `willDelayInterval` is in seconds. */
  readonly properties?: WillProperties;
}

export interface ReconnectOptions {
  /**
   * Whether the first connection, too, is tried until it succeeds; false: `connect` rejects. With
   * `in background`, it does not wait for that: what is published meanwhile goes to the outbox.
   */
  readonly initially: boolean | 'in background';
  /** Attempts after which the client gives up; Infinity. */
  readonly attemptsMax: number;
  /** Milliseconds that the first pause may last, each one twice as long as the last; 1,000. */
  readonly firstDelayMilliseconds: number;
  /** Milliseconds of the longest pause; 60,000. */
  readonly delayMillisecondsMax: number;
}

export interface ConnectOptions {
  /** Absent: the server gives one, or where it cannot, one is made up. */
  readonly clientId?: string | undefined;
  /** 5, 4 (MQTT 3.1.1) or 3 (MQTT 3.1). Absent: 5, and 4 where the server refuses that. */
  readonly version?: ProtocolVersion | undefined;
  /** In the place of those in the URL; a function is asked before each attempt. */
  readonly credentials?:
    | Credentials
    | ((attempt: Attempt) => Credentials | Promise<Credentials>)
    | undefined;
  /** Enhanced authentication: `scramSha256`, or `enhancedAuthentication` of one of your own. */
  readonly authentication?: EnhancedAuthentication | undefined;
  /**
   * Whether the first connection begins a new session, and the last one ends it. Absent: true,
   * unless `sessionExpirySeconds` or an `outbox.store` says that the session is to outlive the
   * program. A store that is new begins a new session, where the version is 5.
   */
  readonly cleanStart?: boolean | undefined;
  /**
   * How long the server keeps the session without a connection. Absent: 300, so that a reconnect
   * finds it again; it ends with `disconnect`. With an `outbox.store`: a week, and it does not end.
   */
  readonly sessionExpirySeconds?: number | undefined;
  /** Seconds of silence after which a connection counts as dead; 60, and 0: never. */
  readonly keepAliveSeconds?: number | undefined;
  readonly will?: WillOptions | undefined;
  /** More properties of CONNECT, such as user properties; MQTT 5.0. */
  readonly properties?: ConnectProperties | undefined;
  /** Messages of QoS 1 and 2 that the server may send ahead of acknowledgements; 100; MQTT 5.0. */
  readonly receiveMaximum?: number | undefined;
  /** false: when the connection ends, so does the client. */
  readonly reconnect?: false | Partial<ReconnectOptions> | undefined;
  /** Whether a server may send its client to another one; false. (MQTT 5.0 section 4.13) */
  readonly followRedirects?: boolean | undefined;
  readonly outbox?: Partial<OutboxOptions> | undefined;
  readonly limits?: Partial<ClientLimits & SubscriberLimits> | undefined;
  /** Is shown each packet. */
  readonly observer?: ClientObserver | undefined;
  /** Gives the first connection up; later, ends the client. */
  readonly signal?: AbortSignal | undefined;
}

/** Where a client stands, for whoever listens. */
export interface ConnectionEvents {
  /** There is a connection. */
  readonly connected: {
    readonly server: URL;
    readonly version: ProtocolVersion;
    /** The server has gone on with the session. */
    readonly sessionPresent: boolean;
  };
  /** The connection has ended; undefined: this side disconnected. */
  readonly disconnected: { readonly failure: ClientError | undefined };
  /** The next attempt will be made after a pause. */
  readonly reconnecting: {
    readonly attempt: number;
    readonly delayMilliseconds: number;
    readonly failure: Error;
  };
}
