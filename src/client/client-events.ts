/** What happens to a client, for whoever listens. */

import type { QoS } from '../packet/version.ts';
import type { MessageProperties } from '../session/message.ts';
import type { ClientError } from './client-error.ts';
import type { ConnectionEvents } from './connect-options.ts';
import type { IncomingMessage } from './incoming-message.ts';
import type { Stall } from './subscriber.ts';

export interface ClientEvents extends ConnectionEvents {
  /** The client has ended, and does nothing more. Undefined: as it was asked to. */
  readonly closed: { readonly failure: Error | undefined };
  /**
   * The server does not let the client subscribe to a filter: at once, or when it is to be restored
   * after the server has lost the session.
   */
  readonly refused: { readonly filter: string; readonly failure: ClientError };
  /** A message was dropped: of QoS 0, or one that nobody here has subscribed to. */
  readonly dropped: { readonly topic: string };
  /**
   * A message that nobody waits for, since it was stored, will not arrive; or nobody knows whether
   * it has: the server has lost the session, and a second one is not allowed at QoS 2.
   */
  readonly lost: LostMessage;
  /** The outbox's store cannot be written; what needs it waits, and it is tried again. */
  readonly storeFailed: { readonly error: unknown };
  /** A message of a session from before, that nobody here has subscribed to yet. */
  readonly unclaimed: IncomingMessage;
  /**
   * Many messages wait for their readers, or for `ack`, and nobody has taken one for
   * `limits.stalledSeconds`: soon nothing arrives any more, for the other subscriptions either.
   * Told once, until some have been taken.
   */
  readonly stalled: Stall;
  /** A handler has failed; where nobody listens, the error is thrown by itself. */
  readonly error: { readonly error: unknown; readonly message: IncomingMessage };
}

export interface LostMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly properties: MessageProperties | undefined;
  readonly failure: ClientError;
}
