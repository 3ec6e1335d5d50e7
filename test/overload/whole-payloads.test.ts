/**
 * Payloads of all sizes stay whole on their way to slow and fast readers, through memory that the
 * broker uses again and again: each has a digest of itself in front.
 */

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import mqtt, { type MqttClient } from 'mqtt';
import { ServedBroker } from './served-broker.ts';

// Around the borders of what is copied, pooled, read at a time, and sent by reference.
const sizes = [0, 44, 45, 300, 1000, 4000, 16_000, 65_515, 65_516, 262_000, 300_000, 1_500_000];
const rounds = 25;
const digestBytes = 20;
// Two publishers; each QoS has its third.
const promisedCount = (rounds * 2 * sizes.length * 2) / 3;

function stamped(body: Uint8Array): Buffer {
  return Buffer.concat([createHash('sha1').update(body).digest(), body]);
}

class Reader {
  readonly client: MqttClient;
  wholeCount = 0;
  /** Of those, the ones that were promised to arrive: QoS 1 and 2. */
  promisedCount = 0;
  readonly broken: string[] = [];

  private constructor(client: MqttClient) {
    this.client = client;
    client.on('message', (topic, payload, { qos }) => {
      const isWhole = stamped(payload.subarray(digestBytes)).equals(payload);
      if (!isWhole) this.broken.push(`${topic}, ${payload.length} bytes`);
      else {
        this.wholeCount++;
        if (qos > 0) this.promisedCount++;
      }
    });
  }

  static async connect(url: string, filter: string, qos: 0 | 1 | 2): Promise<Reader> {
    const reader = new Reader(await mqtt.connectAsync(url, { protocolVersion: 5 }));
    await reader.client.subscribeAsync(filter, { qos });
    return reader;
  }

  /** Takes nothing for most of the time. */
  async dawdle(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.client.stream.pause();
      await delay(40);
      this.client.stream.resume();
      await delay(5);
    }
  }
}

it('payloads stay whole, whoever reads them and how fast', { timeout: 60_000 }, async () => {
  await using broker = await ServedBroker.start();
  const url = `mqtt://127.0.0.1:${broker.port}`;
  const readers = await Promise.all([
    Reader.connect(url, 'whole/#', 0),
    Reader.connect(url, 'whole/#', 1),
    Reader.connect(url, 'whole/#', 2),
    Reader.connect(url, '$share/group/whole/#', 1),
    Reader.connect(url, '$share/group/whole/#', 2),
  ]);
  const publishers = await Promise.all([mqtt.connectAsync(url), mqtt.connectAsync(url)]);
  const ending = new AbortController();
  const dawdling = [readers[1], readers[4]].map((reader) => reader.dawdle(ending.signal));
  for (let round = 0; round < rounds; round++) {
    const published = publishers.flatMap((publisher, number) =>
      sizes.map((size, index) => {
        const qos = ((round + index + number) % 3) as 0 | 1 | 2;
        const options = { qos, retain: (round + index) % 8 === 0 };
        const topic = `whole/${number}/${index}`;
        return publisher.publishAsync(topic, stamped(randomBytes(size)), options);
      }),
    );
    await Promise.all(published);
  }
  ending.abort();
  await Promise.all(dawdling);
  // Which of the two in a group a message goes to depends on how fast they are.
  const promised = () => {
    const [, one, two, ...group] = readers.map(({ promisedCount }) => promisedCount);
    return { one, two, group: group[0] + group[1] };
  };
  const expected = { one: promisedCount, two: promisedCount, group: promisedCount };
  const isComplete = () => isDeepStrictEqual(promised(), expected);
  for (const deadline = Date.now() + 30_000; !isComplete() && Date.now() < deadline; ) {
    await delay(10);
  }
  await Promise.all(
    [...readers.map(({ client }) => client), ...publishers].map((c) => c.endAsync()),
  );
  assert.deepEqual(
    readers.flatMap(({ broken }) => broken),
    [],
  );
  assert.deepEqual(promised(), expected);
  assert.ok(readers[0].wholeCount > rounds, 'QoS 0 reaches who reads at once');
});
