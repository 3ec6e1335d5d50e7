/** The outbox that tests use is one. */

import { MemoryOutboxPlace } from '../harness/memory-outbox.ts';
import { outboxStoreContract } from './outbox-store-contract.ts';

outboxStoreContract('memory', async () => {
  const place = new MemoryOutboxPlace();
  return Object.assign(place, { [Symbol.asyncDispose]: async () => {} });
});
