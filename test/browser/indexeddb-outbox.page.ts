/** The outbox in IndexedDB keeps the contract, in a browser. */

import { indexedDbOutboxStore } from '../../src/browser/indexeddb-outbox.ts';
import { outboxStoreContract } from '../contract/outbox-store-contract.ts';

let names = 0;

outboxStoreContract('in IndexedDB', async () => {
  const name = `contract ${++names}`;
  return { store: () => indexedDbOutboxStore(name), [Symbol.asyncDispose]: async () => {} };
});
