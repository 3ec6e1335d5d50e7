/** Wills: when they are published, when not, and as what. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Will } from '../../../src/packet/connect.ts';
import { reasonCodes } from '../../../src/packet/reason-codes.ts';
import { TestBroker, type TestClient } from '../../harness/test-broker.ts';
import { TestGatekeeper } from '../../harness/test-gatekeeper.ts';
import { assertReceived, inBothVersions } from '../../harness/wire.ts';

function willOf(payload: string, options: Partial<Will> = {}): Will {
  const bytes = new TextEncoder().encode(payload);
  return { topic: 'will', payload: bytes, qos: 0, retain: false, ...options };
}

async function watch(broker: TestBroker, version: 4 | 5 = 5): Promise<TestClient> {
  const watcher = await broker.connect('watcher', { version });
  await watcher.subscribe('will/#', { qos: 2 });
  return watcher;
}

/** How a connection can end, and whether the will is published then. */
interface Ending {
  readonly how: string;
  readonly published: boolean;
  readonly end: (client: TestClient, broker: TestBroker) => Promise<unknown>;
}

const endings: readonly Ending[] = [
  {
    how: 'when the network connection is lost [MQTT-3.1.2-8, MQTT3-3.1.2-8]',
    published: true,
    end: (client) => client.drop(),
  },
  {
    how: 'when the client is silent for too long [MQTT-3.1.2-8, MQTT3-3.1.2-8, MQTT3-3.1.2-24]',
    published: true,
    end: (_, broker) => broker.advance(15.1),
  },
  {
    how: 'when the client breaks the protocol [MQTT-3.1.2-8, MQTT3-3.1.2-8, MQTT3-4.8.0-1]',
    published: true,
    end: (client) => client.sendBytes('30 ["a/#"]'),
  },
  {
    how: 'when DISCONNECT has reserved bits [MQTT-3.14.1-1, MQTT3-3.14.1-1]',
    published: true,
    end: (client) => client.sendBytes('e1 00'),
  },
  {
    how: 'when another client takes the identifier [MQTT-3.1.2-8, MQTT3-3.1.2-8]',
    published: true,
    end: (_, broker) => broker.connect('id'),
  },
  {
    how: 'never after DISCONNECT [MQTT-3.14.4-3, MQTT-3.1.2-10, MQTT3-3.14.4-3, MQTT3-3.1.2-8, MQTT3-3.1.2-10]',
    published: false,
    end: (client) => client.sendBytes('e0 00'),
  },
];

inBothVersions((version) => {
  for (const { how, published, end } of endings) {
    it(`publishes the will ${how}`, async () => {
      const broker = new TestBroker();
      const watcher = await watch(broker);
      const will = willOf('gone');
      const client = await broker.connect('id', { version, keepAliveSeconds: 10, will });
      await broker.advance(14.9);
      assert.deepEqual(watcher.received(), [], 'while the client is there');
      await client.send({ type: 'pingreq' });
      await end(client, broker);
      assert.equal(client.isClosed, true);
      assert.deepEqual(watcher.payloads(), published ? ['gone'] : []);
      await broker.advance(100_000);
      assert.deepEqual(watcher.payloads(), [], 'and not again');
    });
  }

  it('keeps the will for itself while the connection lasts [MQTT-3.1.2-7, MQTT3-3.1.2-8]', async () => {
    const broker = new TestBroker();
    const watcher = await watch(broker);
    const client = await broker.connect('id', { version, will: willOf('gone') });
    await broker.advance(86_400);
    assert.deepEqual(watcher.received(), []);
    await client.drop();
    assert.deepEqual(watcher.payloads(), ['gone']);
  });

  it('forgets the will once it is published [MQTT-3.1.2-10, MQTT3-3.1.2-10]', async () => {
    const broker = new TestBroker();
    const watcher = await watch(broker);
    const cleanStart = false;
    const first = await broker.connect('id', { version, cleanStart, will: willOf('gone') });
    await first.drop();
    assert.deepEqual(watcher.payloads(), ['gone']);
    const second = await broker.connect('id', { version, cleanStart });
    await second.drop();
    await broker.advance(100_000);
    assert.deepEqual(watcher.received(), []);
  });

  it('publishes no will for a client that left none [MQTT3-3.1.2-12]', async () => {
    const broker = new TestBroker();
    const watcher = await broker.connect('watcher');
    await watcher.subscribe('#');
    const client = await broker.connect('id', { version });
    await client.drop();
    assert.deepEqual(watcher.received(), []);
  });

  for (const qos of [0, 1, 2] as const) {
    it(`publishes a will of QoS ${qos} with it, as any message [MQTT-3.1.2-12, MQTT3-3.1.2-14]`, async () => {
      const broker = new TestBroker();
      const watcher = await watch(broker, version);
      const client = await broker.connect('id', { version, will: willOf('gone', { qos }) });
      await client.drop();
      const packetId = qos === 0 ? '' : '0001';
      const none = version === 5 ? '00' : '';
      assertReceived(watcher, `3${qos * 2} ["will" ${packetId} ${none} (gone)]`);
    });
  }

  it('retains no will that does not ask for it [MQTT-3.1.2-14, MQTT3-3.1.2-16]', async () => {
    const broker = new TestBroker();
    const watcher = await watch(broker);
    const client = await broker.connect('id', { version, will: willOf('gone') });
    await client.drop();
    assert.deepEqual(
      watcher.publishes().map(({ retain }) => retain),
      [false],
    );
    const later = await broker.connect('later');
    await later.subscribe('will');
    assert.deepEqual(later.received(), []);
  });

  it('retains a will that asks for it [MQTT-3.1.2-15, MQTT3-3.1.2-17]', async () => {
    const broker = new TestBroker();
    const client = await broker.connect('id', { version, will: willOf('gone', { retain: true }) });
    await client.drop();
    const later = await broker.connect('later', { version });
    await later.subscribe('will');
    assertReceived(later, `31 ["will" ${version === 5 ? '00' : ''} (gone)]`);
  });

  it('publishes the will when the broker shuts down', async () => {
    const broker = new TestBroker();
    const client = await broker.connect('id', { version, will: willOf('gone', { retain: true }) });
    broker.broker.shutDown();
    await broker.settle();
    assert.equal(client.isClosed, true);
    const later = await broker.connect('later');
    await later.subscribe('will');
    assert.deepEqual(later.payloads(), ['gone']);
  });

  it('removes the retained message with an empty will that asks to be retained', async () => {
    const broker = new TestBroker();
    const client = await broker.connect('id', { version, will: willOf('', { retain: true }) });
    await client.publish('will', 'before', { retain: true });
    await client.drop();
    const later = await broker.connect('later');
    await later.subscribe('will');
    assert.deepEqual(later.received(), []);
  });

  it('delivers the will to the session of the very client, when that is kept', async () => {
    const broker = new TestBroker();
    const properties = { sessionExpiryInterval: 100 };
    const options = { version, cleanStart: false, properties };
    const client = await broker.connect('id', { ...options, will: willOf('gone', { qos: 1 }) });
    await client.subscribe('will', { qos: 1 });
    await client.drop();
    const back = await broker.connect('id', options);
    assert.deepEqual(back.payloads(), ['gone']);
  });

  it('asks the gatekeeper of the listener that the client came through', async () => {
    const gatekeeper = new TestGatekeeper({ publish: () => reasonCodes.notAuthorized });
    const broker = new TestBroker({ listener: { gatekeeper } });
    const watcher = await watch(broker);
    const client = await broker.connect('id', { version, will: willOf('gone') });
    await client.drop();
    assert.deepEqual(watcher.received(), []);
  });

  it('publishes no will to a topic that the client may not publish to', async () => {
    const gatekeeper = new TestGatekeeper({ publish: () => reasonCodes.notAuthorized });
    const broker = new TestBroker({ gatekeeper });
    const watcher = await watch(broker);
    const client = await broker.connect('id', { version, will: willOf('gone', { retain: true }) });
    await client.drop();
    await watcher.subscribe('will');
    assert.deepEqual(watcher.received(), []);
  });

  it('publishes no will under $SYS, where the broker alone speaks', async () => {
    const broker = new TestBroker();
    const watcher = await broker.connect('watcher');
    await watcher.subscribe('$SYS/#');
    const will = willOf('forged', { topic: '$SYS/broker/version' });
    const client = await broker.connect('id', { version, will });
    await client.drop();
    assert.deepEqual(watcher.received(), []);
  });

  it('publishes the will of a bridge, that it is not there any more, under $SYS', async () => {
    const broker = new TestBroker();
    const topic = '$SYS/broker/connection/far.near/state';
    const bridge = await broker.connect('far.near', { version, will: willOf('0', { topic }) });
    const watcher = await broker.connect('watcher');
    await watcher.subscribe('$SYS/broker/connection/+/state');
    await bridge.drop();
    assert.deepEqual(watcher.payloads(), ['0']);
  });
});

describe('the will delay', () => {
  const cases = [
    { delay: 10, expiry: 60, at: 10, because: 'is over' },
    { delay: 60, expiry: 10, at: 10, because: 'ends with the session' },
    { delay: 10, expiry: 10, at: 10, because: 'and the session are over' },
    { delay: 10, expiry: 0, at: 0, because: 'counts for nothing without a session' },
    { delay: 0, expiry: 60, at: 0, because: 'is none' },
    { delay: 10, expiry: 0xffff_ffff, at: 10, because: 'is over, though the session never is' },
  ];
  for (const { delay, expiry, at, because } of cases) {
    it(`of ${delay} s publishes the will after ${at} s: it ${because} [MQTT-3.1.2-8, MQTT-3.1.2-10]`, async () => {
      const broker = new TestBroker();
      const watcher = await watch(broker);
      const client = await broker.connect('id', {
        will: willOf('gone', { properties: { willDelayInterval: delay } }),
        properties: { sessionExpiryInterval: expiry },
      });
      await client.drop();
      if (at > 0) {
        await broker.advance(at - 0.1);
        assert.deepEqual(watcher.received(), []);
        await broker.advance(0.1);
      }
      assert.deepEqual(watcher.payloads(), ['gone']);
      await broker.advance(1000);
      assert.deepEqual(watcher.received(), [], 'and not again');
    });
  }

  const delayed = {
    will: willOf('gone', { properties: { willDelayInterval: 10 } }),
    properties: { sessionExpiryInterval: 60 },
  };

  it('is cut short by a reconnect, and the will is not published [MQTT-3.1.3-9, MQTT-3.1.2-8]', async () => {
    const broker = new TestBroker();
    const watcher = await watch(broker);
    const client = await broker.connect('id', delayed);
    await client.drop();
    await broker.advance(9.9);
    const { properties } = delayed;
    const back = await broker.connect('id', { cleanStart: false, properties });
    await broker.advance(1000);
    await back.drop();
    await broker.advance(1000);
    assert.deepEqual(watcher.received(), []);
  });

  it('of none lets a takeover publish the will, and the session goes on [MQTT-3.1.2-8]', async () => {
    const broker = new TestBroker();
    const watcher = await watch(broker);
    const { properties } = delayed;
    await broker.connect('id', { will: willOf('gone'), properties });
    const next = broker.open();
    const connack = await next.connect('id', { cleanStart: false, properties });
    assert.equal(connack?.type === 'connack' && connack.sessionPresent, true);
    assert.deepEqual(watcher.payloads(), ['gone']);
  });

  it('is cut short by a takeover, and the will is not published [MQTT-3.1.3-9]', async () => {
    const broker = new TestBroker();
    const watcher = await watch(broker);
    await broker.connect('id', delayed);
    const { properties } = delayed;
    await broker.connect('id', { cleanStart: false, properties });
    await broker.advance(1000);
    assert.deepEqual(watcher.received(), []);
  });

  it('ends with a clean start, which ends the session [MQTT-3.1.2-8]', async () => {
    const broker = new TestBroker();
    const watcher = await watch(broker);
    const client = await broker.connect('id', delayed);
    await client.drop();
    await broker.connect('id', { cleanStart: true });
    assert.deepEqual(watcher.payloads(), ['gone']);
    await broker.connect('other', delayed);
    await broker.connect('other', { cleanStart: true });
    assert.deepEqual(watcher.payloads(), ['gone']);
    await broker.advance(1000);
    assert.deepEqual(watcher.received(), []);
  });

  it('holds after DISCONNECT with will, too [MQTT-3.1.2-8]', async () => {
    const broker = new TestBroker();
    const watcher = await watch(broker);
    const client = await broker.connect('id', delayed);
    await client.sendBytes('e0 [04]');
    await broker.advance(9.9);
    assert.deepEqual(watcher.received(), []);
    await broker.advance(0.2);
    assert.deepEqual(watcher.payloads(), ['gone']);
  });

  it('ends at once when DISCONNECT with will ends the session [MQTT-3.1.2-8]', async () => {
    const broker = new TestBroker();
    const watcher = await watch(broker);
    const client = await broker.connect('id', delayed);
    await client.sendBytes('e0 [04 [11 00000000]]');
    assert.deepEqual(watcher.payloads(), ['gone']);
  });

  it('does not bring back a will that DISCONNECT took back [MQTT-3.1.2-10]', async () => {
    const broker = new TestBroker();
    const watcher = await watch(broker);
    const client = await broker.connect('id', delayed);
    await client.sendBytes('e0 00');
    await broker.advance(1000);
    assert.deepEqual(watcher.received(), []);
  });

  it('is not waited for when a broker shuts down that stores nothing', async () => {
    const broker = new TestBroker({ storage: undefined });
    const watcher = await watch(broker);
    const will = { ...delayed.will, retain: true };
    const client = await broker.connect('id', { ...delayed, will });
    await client.drop();
    assert.deepEqual(watcher.received(), []);
    broker.broker.shutDown();
    const later = await broker.connect('later');
    await later.subscribe('will');
    assert.deepEqual(later.payloads(), ['gone']);
  });
});

describe('DISCONNECT', () => {
  const reasons = {
    '00': [],
    '04': ['gone'],
    '80': ['gone'],
    '81': ['gone'],
    '82': ['gone'],
    '83': ['gone'],
    '90': ['gone'],
    '93': ['gone'],
    '94': ['gone'],
    '95': ['gone'],
    '96': ['gone'],
    '97': ['gone'],
    '98': ['gone'],
    '99': ['gone'],
  };
  for (const [reasonCode, wills] of Object.entries(reasons)) {
    const does = wills.length === 0 ? 'drops' : 'publishes';
    it(`with reason code 0x${reasonCode} ${does} the will [MQTT-3.14.4-3, MQTT-3.1.2-8]`, async () => {
      const broker = new TestBroker();
      const watcher = await watch(broker);
      const client = await broker.connect('id', { will: willOf('gone') });
      await client.sendBytes(`e0 [${reasonCode}]`);
      assert.equal(client.receivedHex(), '');
      assert.equal(client.isClosed, true);
      assert.deepEqual(watcher.payloads(), wills);
    });
  }
});

describe('the properties of a will', () => {
  it('are published with it, user properties in their order [MQTT-3.1.3-10]', async () => {
    const broker = new TestBroker();
    const watcher = await watch(broker);
    const client = broker.open();
    const user = '26 "b" "1" 26 "a" "2" 26 "b" "1"';
    const own = `01 01 03 "text" 08 "reply" 09 0003 00ff80 ${user}`;
    await client.sendBytes(
      `10 ["MQTT" 05 06 0000 [11 0000003c] "id" [18 00000005 ${own}] "will" "gone"]`,
    );
    await client.drop();
    await broker.advance(5);
    assertReceived(watcher, `30 ["will" [${own}] (gone)]`);
  });

  it('let it expire, counted from its publication', async () => {
    const broker = new TestBroker();
    const watcher = await broker.connect('watcher', { properties: { sessionExpiryInterval: 100 } });
    await watcher.subscribe('will', { qos: 1 });
    await watcher.drop();
    const client = await broker.connect('id', {
      will: willOf('gone', {
        qos: 1,
        properties: { willDelayInterval: 10, messageExpiryInterval: 10 },
      }),
      properties: { sessionExpiryInterval: 60 },
    });
    await client.drop();
    await broker.advance(14);
    const back = await broker.connect('watcher', {
      cleanStart: false,
      properties: { sessionExpiryInterval: 100 },
    });
    assertReceived(back, '32 ["will" 0001 [02 00000006] (gone)]');
    await back.drop();
  });
});
