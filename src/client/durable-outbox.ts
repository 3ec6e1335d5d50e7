/** What has a client's outbox outlive the program: a store, and the log that is kept in it. */

import { OutboxLog, type OutboxLogOptions } from './outbox-log.ts';
import type { OutboxStore } from './ports.ts';

/** For `outbox.store`; one client can have it. */
export interface DurableOutbox {
  /**
   * Opens the log of the client, and with it the store.
   *
   * @internal for the client alone: `durableOutbox` makes what has it
   * @throws RangeError when it is another client's
   * @throws ClientError when it cannot be read; what the store says
   */
  open(options: Omit<OutboxLogOptions, 'store'>): Promise<OutboxLog>;
}

/** The outbox in a store. A client without one has nothing of a log. */
export function durableOutbox(store: OutboxStore): DurableOutbox {
  return { open: (options) => OutboxLog.open({ ...options, store }) };
}
