/** The client against the real broker, in memory. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TestNetwork } from '../../test/harness/test-network.ts';
import type { Client, ClientOptions } from './client.ts';
import { AuthExchange } from './enhanced-authentication.ts';
import type { ReceivedMessage } from './inbox.ts';

const versions = [
  { version: 3, name: 'MQTT 3.1' },
  { version: 4, name: 'MQTT 3.1.1' },
  { version: 5, name: 'MQTT 5.0' },
] as const;

for (const { version, name } of versions) {
  describe(`a client of ${name}`, () => {
    for (const qos of [0, 1, 2] as const) {
      it(`publishes and receives with QoS ${qos}`, async () => {
        const { network, client } = await connected({ version, clientId: 'c' });
        assert.deepEqual(await network.settled(client.subscribe('home/#', { qos })), [qos]);
        await network.settled(client.publish('home/temperature', '25.5', { qos }));
        const [message] = await taken(client, 1);
        assert.equal(message.topic, 'home/temperature');
        assert.equal(text(message), '25.5');
        assert.equal(message.qos, qos);
      });
    }

    it('receives nothing more after it has unsubscribed', async () => {
      const { network, client } = await connected({ version, clientId: 'c' });
      await network.settled(client.subscribe(['a', 'b']));
      await network.settled(client.unsubscribe('a'));
      await network.settled(client.publish('a', 'no'));
      await network.settled(client.publish('b', 'yes'));
      await network.settled(client.disconnect());
      assert.deepEqual((await taken(client)).map(text), ['yes']);
    });

    it('leaves a will behind when it is lost, none when it disconnects', async () => {
      const network = new TestNetwork();
      const open = network.broker();
      const watcher = await network.connected(open, { version, clientId: 'watcher' });
      await network.settled(watcher.subscribe('gone/#'));
      const will = (topic: string) =>
        ({ topic, payload: new Uint8Array([33]), qos: 0, retain: false }) as const;
      const polite = await network.connected(open, {
        version,
        clientId: 'polite',
        will: will('gone/polite'),
      });
      await network.settled(polite.disconnect());
      await network.connected(open, { version, clientId: 'lost', will: will('gone/lost') });
      await network.connected(open, { version, clientId: 'lost' });
      const [message] = await taken(watcher, 1);
      assert.equal(message.topic, 'gone/lost');
    });

    it('goes on with its session in the next connection', async () => {
      const network = new TestNetwork();
      const open = network.broker();
      const lasting = { version, clientId: 'c', cleanStart: false, ...expiry(version) } as const;
      const client = await network.connected(open, lasting);
      await network.settled(client.subscribe('a', { qos: 1 }));
      await network.settled(client.disconnect());
      const other = await network.connected(open, { version, clientId: 'other' });
      await network.settled(other.publish('a', 'meanwhile', { qos: 1 }));
      const connack = await network.settled(client.connect(open));
      // MQTT 3.1 cannot say it.
      assert.equal(connack.sessionPresent, version !== 3);
      assert.equal(text((await taken(client, 1))[0]), 'meanwhile');
    });
  });
}

describe('a client', () => {
  it('takes the identifier that the server gives it', async () => {
    const { client } = await connected();
    assert.equal(client.clientId, 'auto-1');
  });

  it('passes on the properties of a message in both directions', async () => {
    const { network, client } = await connected();
    await network.settled(
      client.subscribe('a', { properties: { subscriptionIdentifier: 7 }, noLocal: false }),
    );
    const properties = {
      contentType: 'text/plain',
      userProperties: [
        ['k', 'v'],
        ['k', 'w'],
      ],
    } as const;
    await network.settled(client.publish('a', 'x', { properties }));
    const [message] = await taken(client, 1);
    assert.deepEqual(message.properties, { ...properties, subscriptionIdentifiers: [7] });
  });

  it('sets aliases where it is told to and the server allows them [MQTT-3.2.2-17]', async () => {
    const sent: string[] = [];
    const network = new TestNetwork();
    const open = network.broker({ limits: { topicAliasMax: 1 } });
    const client = await network.connected(open, {
      limits: { topicAliasesMax: 5 },
      observer: {
        packetSent(packet) {
          if (packet.type !== 'publish') return;
          sent.push(`${packet.topic} ${packet.properties?.topicAlias ?? '-'}`);
        },
      },
    });
    for (const topic of ['a', 'a', 'b']) await network.settled(client.publish(topic, 'x'));
    assert.deepEqual(sent, ['a 1', ' 1', 'b -']);
  });

  it('understands aliases that the server sets [MQTT-3.3.2-10]', async () => {
    const { network, client } = await connected({ properties: { topicAliasMaximum: 2 } });
    await network.settled(client.subscribe('#'));
    for (const topic of ['a', 'a', 'b', 'c', 'b'])
      await network.settled(client.publish(topic, 'x'));
    await network.settled(client.disconnect());
    assert.deepEqual(
      (await taken(client)).map(({ topic }) => topic),
      ['a', 'a', 'b', 'c', 'b'],
    );
  });

  it('answers the challenges of enhanced authentication [MQTT-4.12.0-3]', async () => {
    const network = new TestNetwork();
    const utf8 = (word: string) => new TextEncoder().encode(word);
    const seen: string[] = [];
    const open = network.broker({
      gatekeeper: {
        admit: (_request, answer) =>
          queueMicrotask(() =>
            answer({
              type: 'challenge',
              data: utf8('who'),
              proceed: (data, answerAgain) => {
                seen.push(new TextDecoder().decode(data));
                queueMicrotask(() => answerAgain({ type: 'accept' }));
              },
            }),
          ),
        reauthenticate: () => assert.fail('not asked for'),
        mayPublish: () => 0,
        maySubscribe: () => 0,
      },
    });
    const exchange = new AuthExchange('quiz', undefined, {
      answer: (data) => utf8(`${new TextDecoder().decode(data)}: me`),
    });
    const client = await network.connected(open, { properties: exchange.properties, exchange });
    assert.equal(client.isConnected, true);
    assert.deepEqual(seen, ['who: me']);
  });

  it('has other identifiers for what is on its way at the same time [MQTT-2.2.1-3]', async () => {
    const { network, client, sent } = await connected();
    const all = [
      client.publish('a', '1', { qos: 1 }),
      client.subscribe('b'),
      client.publish('a', '2', { qos: 2 }),
      client.unsubscribe('b'),
    ];
    const ids = sent.flatMap((packet) => ('packetId' in packet ? [packet.packetId] : []));
    assert.equal(ids.length, 4);
    assert.equal(new Set(ids).size, 4);
    assert.equal(ids.includes(0), false);
    await network.settled(Promise.all(all));
  });

  it('keeps no more than the Receive Maximum of the server on its way [MQTT-3.3.4-7]', async () => {
    const network = new TestNetwork();
    const open = network.broker({ limits: { inflightMessagesMax: 2 } });
    const client = await network.connected(open);
    const all = Array.from({ length: 50 }, (_, i) =>
      client.publish('a', String(i), { qos: i % 2 === 0 ? 1 : 2 }),
    );
    await network.settled(Promise.all(all)); // The broker would have disconnected it with 0x93.
    assert.equal(client.isConnected, true);
  });
});

interface Sent {
  readonly type: string;
  readonly packetId?: number;
}

async function connected(options: Omit<ClientOptions, 'host'> = {}) {
  const network = new TestNetwork();
  const sent: Sent[] = [];
  const observer = { packetSent: (packet: Sent) => sent.push(packet) };
  const client = await network.connected(network.broker(), { observer, ...options });
  return { network, client, sent };
}

function expiry(version: 3 | 4 | 5) {
  return version === 5 ? { properties: { sessionExpiryInterval: 100 } } : {};
}

/** The next messages: `count`, or all that come before the end. */
async function taken(client: Client, count = Number.POSITIVE_INFINITY): Promise<ReceivedMessage[]> {
  const messages: ReceivedMessage[] = [];
  for await (const message of client.messages()) {
    messages.push(message);
    if (messages.length === count) break;
  }
  return messages;
}

function text({ payload }: ReceivedMessage): string {
  return new TextDecoder().decode(payload);
}
