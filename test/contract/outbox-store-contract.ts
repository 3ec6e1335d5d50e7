/** Has an OutboxStore prove what each of them promises. */

import { describe, it } from 'node:test';
import { type OutboxPlace, outboxStoreClaims } from './outbox-store-claims.ts';

/** @param open an empty place */
export function outboxStoreContract(
  name: string,
  open: () => Promise<OutboxPlace & AsyncDisposable>,
): void {
  describe(`the OutboxStore contract: ${name}`, () => {
    for (const [claim, prove] of Object.entries(outboxStoreClaims)) {
      it(claim, async () => {
        await using place = await open();
        await prove(place);
      });
    }
  });
}
