/** The two ends of a connection over the network of this machine, for the contract of links. */

import type { Accept } from '../../src/session/link.ts';
import { type ConnectedPair, LinkEnd } from '../contract/link-contract.ts';

/** One pass of the event loop, in which sockets are read and written. */
export const loopPass = () => new Promise<void>((resolve) => setImmediate(resolve));

/**
 * @param listen has its `accept` called for the far end
 * @param connect has its `accept` called for the near end
 */
export async function connectedPair<Listening>(
  listen: (accept: Accept) => Promise<Listening>,
  connect: (accept: Accept, listening: Listening) => Promise<void>,
  close: (listening: Listening) => Promise<void>,
): Promise<ConnectedPair> {
  const near = new LinkEnd();
  const far = new LinkEnd();
  const arrived = Promise.withResolvers<void>();
  const listening = await listen((link) => {
    far.link = link;
    arrived.resolve();
    return far;
  });
  await connect((link) => {
    near.link = link;
    return near;
  }, listening);
  await arrived.promise;
  return {
    near,
    far,
    async settle() {
      for (let pass = 0; pass < 5; pass++) await loopPass();
    },
    async until(condition) {
      while (!condition()) await loopPass();
    },
    async [Symbol.asyncDispose]() {
      near.link.destroy();
      far.link.destroy();
      await close(listening);
    },
  };
}
