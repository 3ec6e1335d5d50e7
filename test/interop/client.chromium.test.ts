/** Our client in a page of Chromium, against our broker and Debian's Mosquitto. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import type * as Library from '../../src/client.ts';
import { certificateFile } from '../harness/certificates.ts';
import { launchChromium, missingChromium, openPage, PageFolder } from '../harness/chromium.ts';
import { freePort, missingMosquitto, startMosquitto } from './debian-mosquitto.ts';
import type { RunningBroker } from './running-broker.ts';
import { startWebSocketBroker } from './websocket-broker.ts';

// In a page these are global; what is passed to `evaluate` runs there.
declare const connect: typeof Library.connect;
declare const subscription: Library.Subscription;

interface BrokerKind {
  readonly name: string;
  readonly missing: string | undefined;
  start(options?: { port?: number; isEncrypted?: boolean }): Promise<RunningBroker>;
}

const certificate = { file: certificateFile('server.crt'), keyFile: certificateFile('server.key') };

const ours: BrokerKind = {
  name: 'our broker',
  missing: undefined,
  start: ({ port = 0, isEncrypted = false } = {}) =>
    startWebSocketBroker({ port, certificate: isEncrypted ? certificate : undefined }),
};

const debians: BrokerKind = {
  name: "Debian's Mosquitto",
  missing: missingMosquitto(),
  start: async ({ port, isEncrypted = false } = {}) => {
    const webSockets = ['protocol websockets', ...(isEncrypted ? tlsLines : [])];
    // Without a plain listener version 2.0.11 takes itself for one that listens to nobody.
    const plain = `listener ${await freePort('127.0.0.1')} 127.0.0.1`;
    const open = ['allow_anonymous true', 'max_queued_messages 0'];
    return startMosquitto([...webSockets, plain, ...open], port);
  },
};

const tlsLines = [`certfile ${certificate.file}`, `keyfile ${certificate.keyFile}`];

const missing = missingChromium();
let browser: Browser;
let folder: PageFolder;
let home: RunningBroker;

before(async () => {
  if (missing !== undefined) return;
  folder = await PageFolder.make();
  browser = await launchChromium();
  home = await startWebSocketBroker({ httpDir: folder.path });
});

after(async () => {
  await browser?.close();
  await home?.stop();
  await folder?.[Symbol.asyncDispose]();
});

const visit = () => openPage(browser, `http://${home.host}:${home.port}/`);
const urlOf = ({ host, port }: RunningBroker, scheme = 'ws') => `${scheme}://${host}:${port}/mqtt`;

for (const kind of [ours, debians]) {
  const skip = missing ?? kind.missing ?? false;
  describe(`our client in Chromium, at ${kind.name},`, { skip, timeout: 120_000 }, () => {
    for (const scheme of ['ws', 'wss']) {
      it(`carries every QoS both ways over ${scheme}, whatever the payload`, async () => {
        await using broker = await kind.start({ isEncrypted: scheme === 'wss' });
        await using page = await visit();
        const arrived = await page.evaluate(
          async (url) => {
            await using client = await connect(url);
            const subscription = client.subscribe('a/+', { qos: 2 });
            await subscription.granted;
            const payload = Uint8Array.from({ length: 256 }, (_, byte) => byte);
            for (const qos of [0, 1, 2] as const) {
              await client.publish(`a/${qos}`, payload, { qos });
            }
            await client.publish('a/large', new Uint8Array(150_000).fill(7), { qos: 1 });
            await client.publish('a/end', 'größe', { qos: 1 });
            const texts: string[] = [];
            for await (const { topic, qos, bytes } of subscription) {
              const isWhole = bytes.every((byte, i) => byte === (topic === 'a/large' ? 7 : i));
              const said = topic === 'a/end' ? new TextDecoder().decode(bytes) : isWhole;
              texts.push(`${topic} ${qos} ${bytes.length} ${said}`);
              if (topic === 'a/end') break;
            }
            return texts;
          },
          urlOf(broker, scheme),
        );
        assert.deepEqual(arrived, [
          'a/0 0 256 true',
          'a/1 1 256 true',
          'a/2 2 256 true',
          'a/large 1 150000 true',
          'a/end 1 7 größe',
        ]);
      });
    }

    it('leaves its will when the page is closed', async () => {
      await using broker = await kind.start();
      await using watcher = await visit();
      const url = urlOf(broker);
      await watcher.evaluate(async (url) => {
        const client = await connect(url);
        const subscription = client.subscribe('will', { qos: 1 });
        await subscription.granted;
        const next = subscription[Symbol.asyncIterator]().next();
        Object.assign(globalThis, { next });
      }, url);
      {
        await using page = await visit();
        const will = { topic: 'will', payload: 'gone', qos: 1 } as const;
        await page.evaluate(([url, will]) => connect(url, { will }), [url, will] as const);
      }
      assert.equal(await watcher.evaluate('next.then(({ value }) => value.text())'), 'gone');
    });

    it('connects again when the broker has restarted, subscribes, and sends what waited', async () => {
      const port = await freePort('127.0.0.1');
      const before = await kind.start({ port });
      await using page = await visit();
      await page.evaluate(async (url) => {
        const reconnect = { firstDelayMilliseconds: 50, delayMillisecondsMax: 50 };
        const client = await connect(url, { reconnect });
        const subscription = client.subscribe('a', { qos: 1 });
        await subscription.granted;
        const lost = new Promise((resolve) => client.on('disconnected', resolve));
        Object.assign(globalThis, { client, subscription, lost });
      }, urlOf(before));
      await before.stop();
      await page.evaluate('lost');
      await page.evaluate(`
        globalThis.published = client.publish('a', 'waited', { qos: 1 });
        globalThis.pending = client.pendingMessages;
        globalThis.dropped = client.publish('a', 'at most once');
        undefined`);
      assert.equal(await page.evaluate('pending'), 1);
      assert.deepEqual(await page.evaluate('dropped'), { reasonCode: 0, isDropped: true });
      await using _after = await kind.start({ port });
      // What waited may come before the subscription, and meet nobody.
      assert.equal(await page.evaluate('published.then(({ isDropped }) => isDropped)'), false);
      await page.evaluate("client.publish('a', 'after', { qos: 1 })");
      const texts = await page.evaluate(async () => {
        const texts: string[] = [];
        for await (const message of subscription) {
          texts.push(message.text());
          if (message.text() === 'after') break;
        }
        return texts;
      });
      assert.equal(texts.at(-1), 'after');
      await page.evaluate('client.disconnect()');
    });

    it('ends by itself where it goes out of scope, and asks and answers requests', async () => {
      await using broker = await kind.start();
      await using page = await visit();
      const outcome = await page.evaluate(async (url) => {
        let left: Library.MqttClient;
        let answer: string;
        {
          await using client = await connect(url);
          await client.respond('double', (request) => `${2 * Number(request.text())}`).granted;
          answer = (await client.request('double', '21')).text();
          left = client;
        }
        return { answer, isConnected: left.isConnected, failure: await left.closed };
      }, urlOf(broker));
      assert.deepEqual(outcome, { answer: '42', isConnected: false, failure: undefined });
    });
  });
}

// Mosquitto 2.0.11 sends ten more for each that is acknowledged, whatever Receive Maximum says.
describe('our client in Chromium, among many messages,', {
  skip: missing ?? false,
  timeout: 120_000,
}, () => {
  it('has the server wait for whoever reads slowly', async () => {
    await using broker = await ours.start();
    await using page = await visit();
    const outcome = await page.evaluate(async (url) => {
      const arrivals = { publish: 0 };
      const observer = {
        packetReceived: ({ type }: { type: string }) => {
          if (type === 'publish') arrivals.publish++;
        },
      };
      await using reader = await connect(url, { receiveMaximum: 10, observer });
      await using writer = await connect(url);
      const subscription = reader.subscribe('a', { qos: 1 });
      await subscription.granted;
      const indices = Array.from({ length: 200 }, (_, i) => i);
      await Promise.all(indices.map((i) => writer.publish('a', `${i}`, { qos: 1 })));
      const texts: string[] = [];
      let aheadMax = 0;
      for await (const message of subscription) {
        texts.push(message.text());
        aheadMax = Math.max(aheadMax, arrivals.publish - texts.length);
        // What the server sends too much of would be here by now.
        await writer.publish('b', '', { qos: 1 });
        if (texts.length === indices.length) break;
      }
      return { aheadMax, isInOrder: texts.every((text, i) => text === `${i}`) };
    }, urlOf(broker));
    assert.ok(outcome.aheadMax <= 10, `${outcome.aheadMax} messages came ahead`);
    assert.equal(outcome.isInOrder, true);
  });

  it('takes no more memory after 100,000 messages', async () => {
    await using broker = await ours.start();
    await using page = await visit();
    await page.evaluate(async (url) => {
      const client = await connect(url);
      const subscription = client.subscribe('m/+', { qos: 1 });
      await subscription.granted;
      const messages = subscription[Symbol.asyncIterator]();
      const exchange = async (count: number) => {
        for (let left = count; left > 0; left -= 100) {
          for (let i = 0; i < 100; i++) {
            void client.publish(`m/${i}`, new Uint8Array(200), { qos: i % 2 ? 1 : 0 });
          }
          for (let i = 0; i < 100; i++) await messages.next();
        }
      };
      Object.assign(globalThis, { exchange });
    }, urlOf(broker));
    const session = await page.context().newCDPSession(page);
    const heapBytes = async () => {
      await session.send('HeapProfiler.collectGarbage');
      return (await session.send('Runtime.getHeapUsage')).usedSize;
    };
    await page.evaluate('exchange(10_000)');
    const before = await heapBytes();
    await page.evaluate('exchange(100_000)');
    const grown = (await heapBytes()) - before;
    // A hundredth of what has gone through it.
    assert.ok(grown < 200_000, `${grown} bytes more`);
  });
});

describe('our client in Chromium, where it cannot connect,', { skip: missing ?? false }, () => {
  const failureOf = (url: string) => connect(url).then(String, String);

  it('says which schemes a page has', async () => {
    await using page = await visit();
    const remedy =
      /^TypeError: 'mqtt:\/\/' is no way out of a browser: write ws:\/\/HOST:PORT or wss:/;
    assert.match(await page.evaluate(failureOf, 'mqtt://localhost'), remedy);
    assert.match(await page.evaluate(failureOf, 'localhost:1883'), remedy);
  });

  it('says that a page which came by https may use wss only', async () => {
    await using secure = await startWebSocketBroker({ certificate, httpDir: folder.path });
    await using page = await openPage(browser, `https://${secure.host}:${secure.port}/`);
    assert.match(await page.evaluate(failureOf, 'ws://broker.example'), /may use wss only$/);
  });
});
