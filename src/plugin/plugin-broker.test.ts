/** What plugins may publish, and when it goes out. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Message } from '../session/message.ts';
import { pluginBroker } from './plugin-broker.ts';

function scene() {
  const published: Message[] = [];
  const broker = pluginBroker({
    publish: (message) => published.push(message),
    now: () => 1000,
    log: () => {},
  });
  return { broker, published };
}

describe('a message of a plugin', () => {
  it('goes out after what is going on now, with all that it was given', async () => {
    const { broker, published } = scene();
    const properties = { messageExpiryInterval: 5 };
    broker.publish('a', 'é', { qos: 1, retain: true, properties });
    broker.publish('b', Uint8Array.of(1));
    assert.equal(published.length, 0);
    await Promise.resolve();
    const [first, second] = published;
    assert.deepEqual([first.topic, first.qos, first.retain, first.expiresAt], ['a', 1, true, 6000]);
    assert.deepEqual([...first.payload], [0xc3, 0xa9]);
    assert.deepEqual([second.topic, second.qos, second.retain], ['b', 0, false]);
    assert.equal(second.expiresAt, Number.POSITIVE_INFINITY);
  });

  const wrong: Readonly<Record<string, [string, object]>> = {
    'no topic': ['', {}],
    'a wildcard': ['a/#', {}],
    'a topic that is no text': ['a\ud800', {}],
    'a topic that is too long': ['a'.repeat(70_000), {}],
    'properties that are none': ['a', { properties: { contentType: 5 } }],
  };
  for (const [what, [topic, options]] of Object.entries(wrong)) {
    it(`with ${what} is refused where it is published`, () => {
      const { broker } = scene();
      assert.throws(() => broker.publish(topic, 'x', options));
    });
  }
});
