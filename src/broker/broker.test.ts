/** The broker as a whole, in memory: the ways that every message takes. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { TestBroker } from '../../test/harness/test-broker.ts';

it('delivers what one client publishes to another that has subscribed', async () => {
  const broker = new TestBroker();
  const subscriber = await broker.connect('subscriber');
  await subscriber.subscribe('home/+');
  const publisher = await broker.connect('publisher', { version: 4 });
  await publisher.publish('home/temperature', '25.5');
  await publisher.publish('garden/temperature', '12');
  assert.deepEqual(subscriber.payloads(), ['25.5']);
});
