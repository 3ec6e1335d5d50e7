/** How many clients there may be, whether they are there or away. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TestBroker } from '../../harness/test-broker.ts';

const lasting = { cleanStart: false, properties: { sessionExpiryInterval: 10 } } as const;

async function scene() {
  const broker = new TestBroker({ limits: { clientsMax: 2 } });
  const refused = async (clientId: string, version: 4 | 5 = 5) => {
    const client = broker.open(version);
    const connack = await client.connect(clientId);
    assert.equal(connack?.type, 'connack');
    return connack.reasonCode !== 0 && client.isClosed ? connack.reasonCode : undefined;
  };
  const away = await broker.connect('away', lasting);
  await away.drop();
  const present = await broker.connect('present');
  return { broker, refused, present };
}

describe('the limit of clients', () => {
  it('keeps out one more, as those that are away count', async () => {
    const { refused } = await scene();
    assert.equal(await refused('new'), 0x89);
    assert.equal(await refused('new', 4), 0x88);
  });

  it('lets in whoever has a session, or takes over a connection', async () => {
    const { broker } = await scene();
    await broker.connect('away', lasting);
    await broker.connect('present');
  });

  it('has room again when a session ends', async () => {
    const { refused, present } = await scene();
    await present.drop();
    assert.equal(await refused('new'), undefined);
    assert.equal(await refused('newer'), 0x89);
  });

  it('has room again when a session expires', async () => {
    const { broker, refused } = await scene();
    await broker.advance(11);
    assert.equal(await refused('new'), undefined);
  });

  it('may change with a reload', async () => {
    const { broker, refused } = await scene();
    broker.broker.change({ limits: { clientsMax: 3 } });
    assert.equal(await refused('new'), undefined);
    assert.equal(await refused('newer'), 0x89);
    broker.broker.change({ limits: { clientsMax: -1 } });
    assert.equal(await refused('newer'), undefined);
  });
});
