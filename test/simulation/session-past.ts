/** What the store may have of one session: all that its parts have been since they were safe. */

import type { Will } from '../../src/packet/connect.ts';
import { Past } from './past.ts';
import type { Copy, Publication } from './publication.ts';
import type { ReferenceSubscription } from './reference-session.ts';

/** What is known of a session as a whole. */
export interface SessionState {
  readonly expirySeconds: number;
  readonly will: Will | undefined;
  /** The clock's milliseconds; undefined while its client is connected. */
  readonly willAt: number | undefined;
}

export class SessionPast {
  readonly state: Past<SessionState | undefined>;
  /** Copies that came to their end: the store may still have them. */
  readonly finished: { readonly copy: Copy; readonly packetId: number }[] = [];
  /** Topics whose retained message was dropped when it was about to be sent. */
  readonly droppedReplays = new Set<string>();
  readonly #subscriptions = new Map<string, Past<ReferenceSubscription | undefined>>();
  readonly #openIds = new Map<number, Past<Publication | undefined>>();

  constructor(state?: SessionState) {
    this.state = new Past<SessionState | undefined>(state);
  }

  get filters(): Iterable<string> {
    return this.#subscriptions.keys();
  }

  get packetIds(): Iterable<number> {
    return this.#openIds.keys();
  }

  subscription(filter: string): Past<ReferenceSubscription | undefined> {
    return known(this.#subscriptions, filter);
  }

  /** Of a QoS 2 message that the client has not released. */
  openId(packetId: number): Past<Publication | undefined> {
    return known(this.#openIds, packetId);
  }
}

function known<Key, Value>(
  pasts: Map<Key, Past<Value | undefined>>,
  key: Key,
): Past<Value | undefined> {
  const past = pasts.get(key) ?? new Past<Value | undefined>(undefined);
  pasts.set(key, past);
  return past;
}
