/** The memory link keeps the contract of links. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { LinkEnd, linkContract } from '../../test/contract/link-contract.ts';
import { MemoryLink } from './memory.ts';

function openPair(bufferBytes = 0) {
  const [a, b] = MemoryLink.pair(['a', 'b'], bufferBytes);
  const near = new LinkEnd();
  const far = new LinkEnd();
  near.link = a;
  far.link = b;
  a.receiver = near;
  b.receiver = far;
  const settle = async () => {
    while (a.deliver() + b.deliver() > 0);
  };
  const until = async (condition: () => boolean) => {
    await settle();
    assert.ok(condition(), 'the network has come to rest before it happened');
  };
  return { a, b, near, far, settle, until, async [Symbol.asyncDispose]() {} };
}

linkContract('memory', async () => openPair());
linkContract('memory with a network that buffers', async () => openPair(100_000));

it('carries as many bytes at a time as it is told', () => {
  const { a, far } = openPair();
  a.write(new Uint8Array(10));
  assert.deepEqual([a.deliver(3), a.pendingBytes, far.receivedBytes], [3, 7, 3]);
  assert.deepEqual([a.deliver(), a.pendingBytes, far.receivedBytes], [7, 0, 10]);
});
