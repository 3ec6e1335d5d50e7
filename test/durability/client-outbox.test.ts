/** A client loses its power again and again: what it had stored arrives, at QoS 2 exactly once. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MqttClient } from '../../src/client/mqtt-client.ts';
import type { Open } from '../../src/client/ports.ts';
import { type Random, randomFrom } from '../fuzz/random.ts';
import { MemoryOutboxPlace } from '../harness/memory-outbox.ts';
import { TestNetwork } from '../harness/test-network.ts';

const seedsCount = 30;
const stepsCount = 80;

describe('a client that loses its power', () => {
  it('delivers what was stored, in order, at QoS 2 exactly once', async () => {
    for (let seed = 1; seed <= seedsCount; seed++) await told(seed, publishThroughPowerCuts);
  });

  it('gets every message of QoS 2, and none again that it had acknowledged', async () => {
    for (let seed = 1; seed <= seedsCount; seed++) await told(seed, receiveThroughPowerCuts);
  });
});

async function told(seed: number, run: (random: Random) => Promise<void>): Promise<void> {
  try {
    await run(randomFrom(seed));
  } catch (error) {
    throw new Error(`with seed ${seed}: ${(error as Error).message}`, { cause: error });
  }
}

/** A program that can be ended without its doing. */
class Program {
  readonly client: MqttClient;
  isDead = false;

  constructor(
    network: TestNetwork,
    open: Open,
    { place, acknowledged }: { place: MemoryOutboxPlace; acknowledged: Set<string> },
  ) {
    const topics = new Map<number, string>();
    const nowhere: Open = () => new Promise(() => {});
    const platform = network.platform(() => (this.isDead ? nowhere : open));
    this.client = new MqttClient(
      'mqtt://server',
      {
        clientId: 'c',
        keepAliveSeconds: 0,
        outbox: { store: place.outbox() },
        reconnect: { initially: true },
        observer: {
          packetReceived(packet) {
            if (packet.type === 'publish') topics.set(packet.packetId, packet.topic);
          },
          packetSent(packet) {
            if (packet.type === 'pubrec') acknowledged.add(topics.get(packet.packetId)!);
          },
        },
      },
      platform,
    );
    this.client.start().catch(() => {});
  }
}

class Stage {
  readonly network = new TestNetwork();
  readonly open = this.network.broker();
  readonly place = new MemoryOutboxPlace();
  /** Topics of messages that PUBREC was sent for. */
  readonly acknowledged = new Set<string>();
  readonly #random: Random;
  #program: Program;
  #release: (() => void) | undefined;

  constructor(random: Random) {
    this.#random = random;
    this.#program = new Program(this.network, this.open, this);
  }

  get client(): MqttClient {
    return this.#program.client;
  }

  /** Something that has to do with neither messages nor power. */
  async trouble(): Promise<void> {
    const random = this.#random;
    if (random(6) === 0) this.network.cut();
    if (random(4) === 0) this.#holdOrRelease();
    for (let turns = random(6); turns > 0; turns--) await this.network.turn();
    if (random(5) === 0) await this.network.advance(1 + random(5));
  }

  /** The disk takes its time. */
  #holdOrRelease(): void {
    const release = this.#release;
    this.#release = undefined;
    if (release !== undefined) return release();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.place.held = promise;
    this.#release = () => {
      this.place.held = undefined;
      resolve();
    };
  }

  /** The power is cut; the disk may have any part of what was not flushed. */
  async cutPower(): Promise<void> {
    this.#program.isDead = true;
    this.place.cut(this.#random(this.place.unsafeCount + 1));
    this.#release?.();
    this.#release = undefined;
    this.network.cut();
    this.#program = new Program(this.network, this.open, this);
    for (let turns = this.#random(12); turns > 0; turns--) await this.network.turn();
  }

  async calm(): Promise<void> {
    this.#release?.();
    for (let round = 0; round < 5; round++) await this.network.advance(70);
  }
}

async function publishThroughPowerCuts(random: Random): Promise<void> {
  const stage = new Stage(random);
  const { network } = stage;
  const arrived: string[] = [];
  const subscriber = await otherClient(stage, 'subscriber');
  subscriber.subscribe('t/#', ({ topic }) => void arrived.push(topic), { qos: 2 });
  await network.settle();
  const published: string[] = [];
  const stored = new Set<string>();
  for (let step = 0; step < stepsCount; step++) {
    const { client } = stage;
    for (let count = random(4); count > 0; count--) {
      const qos = random(3) === 0 ? 1 : 2;
      const topic = `t/${qos}/${published.length}`;
      published.push(topic);
      client
        .publish(topic, topic, { qos, until: 'stored' })
        .then(() => client === stage.client && stored.add(topic))
        .catch(() => {});
    }
    await stage.trouble();
    if (random(8) === 0) await stage.cutPower();
  }
  await stage.calm();
  assert.ok(stored.size > 0);
  assert.equal(stage.client.pendingMessages, 0);
  assert.equal(stage.place.records().length, 1, 'nothing is left in the store');
  for (const topic of published) {
    const count = arrived.filter((each) => each === topic).length;
    if (stored.has(topic)) assert.ok(count >= 1, `${topic} was stored, and is lost`);
    if (topic.startsWith('t/2')) assert.ok(count <= 1, `${topic} arrived ${count} times`);
  }
  for (const qos of [1, 2]) {
    const first = [...new Set(arrived)].filter((topic) => topic.startsWith(`t/${qos}`));
    const order = published.filter((topic) => first.includes(topic));
    assert.deepEqual(first, order, `the order at QoS ${qos}`);
  }
}

async function receiveThroughPowerCuts(random: Random): Promise<void> {
  const stage = new Stage(random);
  const arrived: string[] = [];
  const again: string[] = [];
  const read = async (client: MqttClient) => {
    for await (const { topic } of client.subscribe('t/#', { qos: 2 })) {
      if (client !== stage.client) return;
      if (stage.acknowledged.has(topic)) again.push(topic);
      arrived.push(topic);
    }
  };
  await stage.network.settle();
  void read(stage.client).catch(() => {});
  await stage.network.settle();
  const publisher = await otherClient(stage, 'publisher');
  const published: string[] = [];
  for (let step = 0; step < stepsCount; step++) {
    for (let count = random(4); count > 0; count--) {
      const topic = `t/${published.length}`;
      published.push(topic);
      publisher.publish(topic, '', { qos: 2 }).catch(() => {});
    }
    await stage.trouble();
    if (random(8) > 0) continue;
    await stage.cutPower();
    void read(stage.client).catch(() => {});
  }
  await stage.calm();
  for (const topic of published) assert.ok(arrived.includes(topic), `${topic} is lost`);
  assert.deepEqual(again, [], 'no message came again that was acknowledged');
  assert.equal(stage.place.records().length, 1, 'nothing is left in the store');
}

/** One that keeps its power. */
async function otherClient({ network, open }: Stage, clientId: string): Promise<MqttClient> {
  const options = { clientId, keepAliveSeconds: 0, sessionExpirySeconds: 1e6 };
  const client = new MqttClient(
    'mqtt://server',
    options,
    network.platform(() => open),
  );
  await network.settled(client.start());
  return client;
}
