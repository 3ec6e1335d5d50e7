/** The client library in Node, against our broker and Debian's Mosquitto. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  connect,
  type IncomingMessage,
  type MqttClient,
  type Subscription,
} from '../../src/client.ts';
import { certificateFile, pem } from '../harness/certificates.ts';
import { freePort, missingMosquitto, startMosquitto } from './debian-mosquitto.ts';
import { type RunningBroker, startBroker } from './running-broker.ts';

const host = '127.0.0.1';
const open = ['allow_anonymous true', 'max_queued_messages 0'];
const tlsLines = [
  `certfile ${certificateFile('server.crt')}`,
  `keyfile ${certificateFile('server.key')}`,
];

interface BrokerKind {
  readonly name: string;
  readonly missing: string | undefined;
  start(port: number, lines: readonly string[]): Promise<RunningBroker>;
}

const kinds: readonly BrokerKind[] = [
  {
    name: 'our broker',
    missing: undefined,
    start: (port, lines) => startBroker([`listener ${port} ${host}`, ...lines], port),
  },
  {
    name: "Debian's Mosquitto",
    missing: missingMosquitto(),
    start: (port, lines) => startMosquitto(lines, port),
  },
];

for (const { name, missing, start } of kinds) {
  describe(`the client library, at ${name},`, { skip: missing ?? false }, () => {
    let broker: RunningBroker;
    let port: number;
    let url: string;

    before(async () => {
      port = await freePort(host);
      url = `mqtt://${host}:${port}`;
      broker = await start(port, open);
    });
    after(() => broker?.stop());

    for (const version of [3, 4, 5] as const) {
      for (const qos of [0, 1, 2] as const) {
        it(`sends and gets what it sent, in order, in version ${version} at QoS ${qos}`, async () => {
          await using client = await connect(url, { version, clientId: `order${version}${qos}` });
          const subscription = client.subscribe('order/#', { qos });
          assert.deepEqual(await subscription.granted, [qos]);
          const texts = Array.from({ length: 300 }, (_, i) => `message ${i}`);
          await Promise.all(texts.map((text) => client.publish('order/here', text, { qos })));
          const messages = await taken(subscription, texts.length);
          assert.deepEqual(
            messages.map((message) => message.text()),
            texts,
          );
        });
      }
    }

    it('gives each reader its own, where filters overlap', async () => {
      await using client = await connect(url);
      const [all, one] = [client.subscribe('over/#', { qos: 1 }), client.subscribe('over/+/x')];
      await Promise.all([all.granted, one.granted]);
      await client.publish('over/lap/x', '1', { qos: 1 });
      await client.publish('over/lap/y', '2', { qos: 1 });
      await client.publish('over/lap/x', '3', { qos: 1 });
      const text = (message: IncomingMessage) => message.text();
      assert.deepEqual((await taken(all, 3)).map(text), ['1', '2', '3']);
      assert.deepEqual((await taken(one, 2)).map(text), ['1', '3']);
    });

    it('carries large payloads of bytes, and the properties of MQTT 5.0', async () => {
      await using client = await connect(url);
      const subscription = client.subscribe('large', { qos: 2 });
      await subscription.granted;
      const bytes = Uint8Array.from({ length: 1_500_000 }, (_, i) => i % 251);
      const properties = {
        contentType: 'application/octet-stream',
        userProperties: [['a', 'b']] as const,
      };
      await client.publish('large', bytes, { qos: 2, properties });
      const [message] = await taken(subscription, 1);
      assert.deepEqual(message.bytes, bytes);
      assert.equal(message.properties?.contentType, properties.contentType);
      assert.deepEqual(message.properties?.userProperties, properties.userProperties);
    });

    it('shares a subscription with others, and asks and answers', async () => {
      await using one = await connect(url);
      await using two = await connect(url);
      const seen: string[] = [];
      const take = (message: IncomingMessage) => void seen.push(message.text());
      const shares = [one, two].map((each) => each.subscribe('$share/g/job', take, { qos: 1 }));
      await Promise.all(shares.map(({ granted }) => granted));
      const sum = two.respond('sum', (request) => {
        return String(request.json<number[]>().reduce((a, b) => a + b));
      });
      await sum.granted;
      const responses = await Promise.all(
        [1, 2, 3].map((n) => one.request('sum', JSON.stringify([n, 1]))),
      );
      assert.deepEqual(
        responses.map((response) => response.text()),
        ['2', '3', '4'],
      );
      for (let i = 0; i < 10; i++) await one.publish('job', String(i), { qos: 1 });
      await until(() => seen.length === 10);
      assert.deepEqual(
        seen.map(Number).sort((a, b) => a - b),
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
      );
    });

    it('comes back when the broker has restarted, with what was published meanwhile', async () => {
      const reconnect = { firstDelayMilliseconds: 20, delayMillisecondsMax: 100 };
      await using client = await connect(url, { reconnect });
      const subscription = client.subscribe('back', { qos: 1 });
      await subscription.granted;
      const [lost, again] = [next(client, 'disconnected'), next(client, 'connected')];
      await broker.stop();
      await lost;
      const published = client.publish('back', 'waited', { qos: 1 });
      broker = await start(port, open);
      await again;
      await published;
      await client.publish('back', 'after', { qos: 1 });
      const texts = new Set<string>();
      for await (const message of subscription) {
        texts.add(message.text());
        if (message.text() === 'after') break;
      }
      assert.ok(texts.has('after'));
    });

    it('speaks TLS to a server that it trusts, and to no other', async () => {
      const tlsPort = await freePort(host);
      const secure = await start(tlsPort, [...tlsLines, ...open]);
      try {
        const secureUrl = `mqtts://localhost:${tlsPort}`;
        const tls = { ca: [pem('ca.crt')], serverName: 'localhost' };
        // Mosquitto says that it listens just before it does.
        const at = { tls, reconnect: { initially: true, firstDelayMilliseconds: 20 } };
        await using client = await connect(`mqtts://${host}:${tlsPort}`, at);
        assert.equal(client.isConnected, true);
        await assert.rejects(connect(secureUrl), /certificate|issuer|ECONNREFUSED/i);
      } finally {
        await secure.stop();
      }
    });
  });
}

async function taken(subscription: Subscription, count: number): Promise<IncomingMessage[]> {
  const messages: IncomingMessage[] = [];
  for await (const message of subscription) {
    messages.push(message);
    if (messages.length === count) break;
  }
  return messages;
}

function next(client: MqttClient, name: 'connected' | 'disconnected'): Promise<void> {
  return new Promise((resolve) => client.on(name, () => resolve()));
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}
