/** What a session leaves behind that has ended: messages that go to others, or are dropped. */

import type { Delivery } from '../session/delivery.ts';
import type { ClientSession } from './client-session.ts';

/** Finds another place for a delivery, or reports that it is dropped. */
export type PassOn = (delivery: Delivery, session: ClientSession, now: number) => void;

/**
 * Passes on what memory has at once. What only the store has is loaded bit by bit; until that is
 * done, the rest waits behind it, and the store knows that the session has ended.
 *
 * @param done what is left of it is gone
 */
export function passOnRemains(
  session: ClientSession,
  passOn: PassOn,
  { now, done }: { now: number; done: () => void },
): void {
  const { outgoing, log } = session;
  const later = outgoing.abandon();
  const { shelf } = outgoing;
  const passAll = (deliveries: readonly Delivery[], at: number): void => {
    for (const delivery of deliveries) {
      passOn(delivery, session, at);
      log?.forget(delivery);
    }
  };
  const end = (at: number): void => {
    passAll(later, at);
    done();
  };
  if (log === undefined || shelf === undefined || shelf.isEmpty) return end(now);
  const loadMore = (): void => {
    log.load({ after: shelf.taken, upTo: shelf.last }, (deliveries, at) => {
      const last = deliveries.at(-1);
      if (last === undefined) return end(at);
      shelf.taken = last.sequence;
      passAll(deliveries, at);
      loadMore();
    });
  };
  loadMore();
}
