/** Who keeps the deliveries of a session beyond the life of the process. */

import type { QoS } from '../packet/version.ts';
import type { Delivery, Terms } from './delivery.ts';
import type { QueueLimits } from './delivery-queue.ts';
import type { Message } from './message.ts';
import type { Shelf } from './shelf.ts';
import type { StoredQueue } from './stored-queue.ts';

/** `Outgoing.kept` is told of each delivery whose present state is safe. */
export interface DeliveryKeeper {
  /**
   * A queue whose deliveries it keeps as well.
   *
   * @param shelf what the store has from before
   */
  createQueue(limits: QueueLimits, shelf: Shelf | undefined): StoredQueue;

  create(message: Message, qos: QoS, retain: boolean, terms: Terms | undefined): Delivery;

  /**
   * The delivery is new, or its state has changed.
   *
   * @returns false when a packet that tells the peer of it must wait for `Outgoing.kept`
   */
  save(delivery: Delivery): boolean;

  /** The delivery is over. */
  forget(delivery: Delivery): void;

  /** Whether all that was saved of it is in the store, from where it can be loaded again. */
  isStored(delivery: Delivery): boolean;

  /**
   * Reads the first of the stored deliveries behind one sequence number and up to another.
   *
   * @param take is called later, with none when they cannot be read
   */
  load(
    range: { readonly after: number; readonly upTo: number },
    take: (deliveries: readonly Delivery[], now: number) => void,
  ): void;
}
