/** Packets on their way out: limits, aliases, properties, counters. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fromServer, writeFromServer } from '../packet/from-server.ts';
import type { Packet } from '../packet/packet.ts';
import { PacketReader } from '../packet/packet-reader.ts';
import type { Publish } from '../packet/publish.ts';
import type { ProtocolVersion } from '../packet/version.ts';
import type { Link } from './link.ts';
import { Message } from './message.ts';
import { Output } from './output.ts';
import { PacketSender } from './packet-sender.ts';
import { PublishForms } from './publish-forms.ts';
import { Traffic } from './traffic.ts';
import { Turn } from './turn.ts';

interface SetUp {
  readonly version?: ProtocolVersion;
  readonly packetBytesMax?: number;
  readonly topicAliasMax?: number;
  readonly forms?: PublishForms;
}

/** A sender whose packets can be read back. */
function setUp({ version = 5, packetBytesMax = 1_000_000, topicAliasMax = 0, forms }: SetUp = {}) {
  const reader = new PacketReader({ from: fromServer, packetBytesMax: 2_000_000, version });
  const received: Packet[] = [];
  const link: Link = {
    peer: 'reader',
    pendingBytes: 0,
    write(bytes) {
      reader.push(bytes.slice());
      for (let packet = reader.next(); packet; packet = reader.next()) received.push(packet);
      return true;
    },
    pause() {},
    resume() {},
    close() {},
    destroy() {},
  };
  const output = new Output(link, new Turn(() => {}));
  const clock = { time: 0, now: () => clock.time };
  const traffic = new Traffic();
  const sender = new PacketSender(output, {
    write: writeFromServer,
    version,
    packetBytesMax,
    topicAliasMax,
    outputBytesMax: 1000,
    clock,
    traffic,
    publishForms: forms,
  });
  const sent = () => {
    output.flush();
    return received.splice(0);
  };
  return { sender, clock, traffic, sent, publishes: () => sent() as Publish[] };
}

const payload = new Uint8Array(10);

const tooLarge = 'packet too large';

describe('PacketSender', () => {
  it('tells what is left of a message expiry interval [MQTT-3.3.2-6]', () => {
    const { sender, clock, publishes } = setUp();
    const properties = { messageExpiryInterval: 60, contentType: 'text/plain' };
    const message = new Message('a', payload, { properties, expiresAt: 60_000 });
    clock.time = 14_500;
    sender.publish(message, 0, false, undefined, 0, false);
    assert.deepEqual(publishes()[0].properties, {
      messageExpiryInterval: 46,
      contentType: 'text/plain',
    });
  });

  it('adds the subscription identifiers of the receiver [MQTT-3.3.4-3]', () => {
    const { sender, publishes } = setUp();
    sender.publish(
      new Message('a', payload),
      0,
      false,
      { subscriptionIdentifiers: [3, 1] },
      0,
      false,
    );
    assert.deepEqual(publishes()[0].properties, { subscriptionIdentifiers: [3, 1] });
  });

  it('sends no properties to a client of MQTT 3.1.1', () => {
    const { sender, publishes } = setUp({ version: 4 });
    const message = new Message('a', payload, { properties: { contentType: 'text/plain' } });
    sender.publish(message, 1, true, { subscriptionIdentifiers: [3] }, 9, true);
    const [{ properties, qos, retain, dup, packetId }] = publishes();
    assert.deepEqual(
      { properties, qos, retain, dup, packetId },
      { properties: undefined, qos: 1, retain: true, dup: true, packetId: 9 },
    );
  });

  it('replaces a topic that it has sent by its alias, up to the limit [MQTT-3.1.2-26] [MQTT-3.3.2-8]', () => {
    const { sender, publishes } = setUp({ topicAliasMax: 1 });
    for (const topic of ['a', 'a', 'b', 'b']) {
      sender.publish(new Message(topic, payload), 0, false, undefined, 0, false);
    }
    assert.deepEqual(
      publishes().map(({ topic, properties }) => [topic, properties?.topicAlias]),
      [
        ['a', 1],
        ['', 1],
        ['b', undefined],
        ['b', undefined],
      ],
    );
  });

  it("does not send a PUBLISH above the peer's Maximum Packet Size [MQTT-3.1.2-24]", () => {
    const { sender, traffic, publishes } = setUp({ packetBytesMax: 16 });
    const atLimit = new Message('abc', new Uint8Array(8));
    const above = new Message('abc', new Uint8Array(9));
    assert.equal(sender.publish(above, 0, false, undefined, 0, false), tooLarge);
    assert.equal(sender.publish(atLimit, 0, false, undefined, 0, false), undefined);
    assert.deepEqual(
      publishes().map((publish) => publish.payload.length),
      [8],
    );
    assert.deepEqual(
      [traffic.sent.publish, traffic.sentBytes, traffic.publishSentBytes],
      [1, 16, 8],
    );
  });

  it('does not set an alias with a PUBLISH that was too large to leave', () => {
    const { sender, publishes } = setUp({ packetBytesMax: 30, topicAliasMax: 5 });
    assert.equal(
      sender.publish(new Message('abc', new Uint8Array(40)), 0, false, undefined, 0, false),
      tooLarge,
    );
    sender.publish(new Message('abc', payload), 0, false, undefined, 0, false);
    assert.equal(publishes()[0].topic, 'abc');
  });

  it('hands over a large payload whole and in order', () => {
    const { sender, publishes } = setUp();
    const large = new Uint8Array(100_000).fill(7);
    for (const bytes of [payload, large, payload]) {
      sender.publish(new Message('a', bytes), 1, false, undefined, 5, false);
    }
    assert.deepEqual(
      publishes().map((publish) => publish.payload.length),
      [10, 100_000, 10],
    );
  });

  it('leaves out reason string and user properties where they do not fit [MQTT-3.4.2-2] [MQTT-3.4.2-3]', () => {
    const { sender, sent } = setUp({ packetBytesMax: 10 });
    sender.send({
      type: 'puback',
      packetId: 1,
      reasonCode: 0x87,
      properties: { reasonString: 'far too long for this', userProperties: [['a', 'b']] },
    });
    assert.deepEqual(sent(), [
      { type: 'puback', packetId: 1, reasonCode: 0x87, properties: undefined },
    ]);
  });
});

describe('PublishForms', () => {
  /** The same messages through senders that share forms, and through one that has none. */
  const check = (name: string, version: ProtocolVersion, message: Message, qos: 0 | 1 | 2) =>
    it(`gives every receiver what it would get alone: ${name}`, () => {
      const forms = new PublishForms();
      const sharing = [1, 2, 3].map(() => setUp({ version, forms }));
      const alone = setUp({ version });
      for (let id = 7; id < 9; id++) {
        const packetId = qos === 0 ? 0 : id;
        for (const { sender } of [...sharing, alone]) {
          sender.publish(message, qos, id === 8, undefined, packetId, false);
        }
      }
      const expected = alone.publishes();
      assert.equal(expected.length, 2);
      for (const { publishes } of sharing) assert.deepEqual(publishes(), expected);
      for (const { traffic } of sharing) assert.deepEqual(traffic, alone.traffic);
    });

  const properties = { contentType: 'text/plain', userProperties: [['a', 'b']] } as const;
  for (const qos of [0, 1, 2] as const) {
    check(`MQTT 3.1.1, QoS ${qos}`, 4, new Message('a/b', payload, { properties }), qos);
    check(`MQTT 5.0, QoS ${qos}`, 5, new Message('a/ü', payload), qos);
    check(`with properties, QoS ${qos}`, 5, new Message('a', payload, { properties }), qos);
    check(`of 300 bytes, QoS ${qos}`, 5, new Message('a', new Uint8Array(300)), qos);
    check(`of 70,000 bytes, QoS ${qos}`, 5, new Message('a', new Uint8Array(70_000)), qos);
  }

  it('keeps versions, messages and own properties of a receiver apart', () => {
    const forms = new PublishForms();
    const [v4, v5] = [setUp({ version: 4, forms }), setUp({ version: 5, forms })];
    const terms = { subscriptionIdentifiers: [5] };
    for (const topic of ['a', 'b']) {
      const message = new Message(topic, payload);
      for (const { sender } of [v4, v5, v4, v5])
        sender.publish(message, 1, false, undefined, 3, false);
      v5.sender.publish(message, 1, false, terms, 3, false);
      v5.sender.publish(message, 1, false, undefined, 4, true);
    }
    assert.deepEqual(
      v4.publishes().map(({ topic }) => topic),
      ['a', 'a', 'b', 'b'],
    );
    const seen = v5.publishes().map((each) => [each.topic, each.properties, each.dup]);
    const [plain, own] = [undefined, { subscriptionIdentifiers: [5] }];
    const expected = ['a', 'b'].flatMap((topic) => [
      [topic, plain, false],
      [topic, plain, false],
      [topic, own, false],
      [topic, plain, true],
    ]);
    assert.deepEqual(seen, expected);
  });

  it("keeps to each receiver's Maximum Packet Size [MQTT-3.1.2-24]", () => {
    const forms = new PublishForms();
    const wide = setUp({ forms });
    const narrow = setUp({ forms, packetBytesMax: 15 });
    const message = new Message('abc', new Uint8Array(8));
    const sent = [wide, narrow, wide, narrow].map(({ sender }) =>
      sender.publish(message, 0, false, undefined, 0, false),
    );
    assert.deepEqual(sent, [undefined, tooLarge, undefined, tooLarge]);
  });
});
