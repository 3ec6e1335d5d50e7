/** Nobody comes in, and nothing passes. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import {
  gatekeeperContract,
  somebody,
  verdictsOf,
} from '../../test/contract/gatekeeper-contract.ts';
import { Nobody } from './nobody.ts';

gatekeeperContract('nobody', () => new Nobody());

it('lets nobody in, and lets nothing pass', async () => {
  const gatekeeper = new Nobody();
  const [verdict] = await verdictsOf(gatekeeper, 'admit', somebody);
  assert.equal(verdict.type, 'refuse');
  assert.deepEqual([gatekeeper.mayPublish(), gatekeeper.maySubscribe()], [0x87, 0x87]);
});
