/** What a client that comes in is known by. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { TestBroker } from '../../test/harness/test-broker.ts';
import { TestGatekeeper } from '../../test/harness/test-gatekeeper.ts';
import type { ConnectedClient } from './ports.ts';

it('the grant that the gatekeeper gives along stands in the identity of the client', async () => {
  const grant = { of: 'somebody' };
  const connected: ConnectedClient[] = [];
  const broker = new TestBroker({
    gatekeeper: new TestGatekeeper({ admit: () => ({ type: 'accept', grant }) }),
    observer: { clientConnected: (client) => connected.push(client) },
  });
  await broker.connect('c');
  assert.equal(connected[0].grant, grant);
});
