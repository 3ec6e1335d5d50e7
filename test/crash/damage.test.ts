/** The files of the store are damaged: the broker starts all the same, and serves no garbage. */

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { Random } from '../simulation/random.ts';
import { type Damage, damages, harmFile } from './damage.ts';
import { Scene } from './scene.ts';
import { StateFolder } from './state-folder.ts';

/** What the broker says when it has put a damaged file out of its way. */
const setAsideLine = /set aside/i;
const datedName = /\d{4}-?\d{2}-?\d{2}/;

const queuedMessages = 300;
const retainedMessages = 40;

describe('a store that was damaged while the broker was down', () => {
  const seed = randomInt(2 ** 31);
  const random = new Random(seed);
  /** Losses that the broker said nothing about. */
  const silentLosses: string[] = [];
  let filled: StateFolder;

  before(async () => {
    filled = new StateFolder();
    await fill(filled);
  });

  after(() => filled[Symbol.dispose]());

  for (const damage of damages) {
    it(`does not keep it from starting and serving: ${damage.name}`, async () => {
      for (let round = 1; round <= damage.rounds; round++) {
        const where = `${damage.name}, round ${round}, seed ${seed}`;
        const lost = await survive(damage, where);
        if (lost !== undefined) silentLosses.push(`${where}: ${lost}`);
      }
    });
  }

  it('loses nothing without saying so', () => assert.deepEqual(silentLosses, []));

  /** Returns what was lost without a word. */
  async function survive(damage: Damage, where: string): Promise<string | undefined> {
    await using scene = await Scene.open();
    scene.folders.copyFrom(filled);
    harmFile(scene.folders.storeFile(), damage, random);
    const broker = await scene.start();
    await scene.assertServes();
    const { isPresent, messages } = await returnOfSubscriber(scene);
    const isSaid = setAsideLine.test(broker.stderr);
    await readRetained(scene, isSaid ? 0 : retainedMessages);
    scene.assertNoFailure();
    if (isSaid) {
      const names = readdirSync(scene.folders.stateFolder);
      assert.ok(
        names.some((name) => datedName.test(name)),
        `${where}: it set the file aside under a dated name, but there are ${names}`,
      );
    }
    await broker.end('SIGKILL');
    await scene.start();
    await scene.assertServes();
    if (isSaid || messages === queuedMessages) return undefined;
    const session = isPresent ? 'the session is there' : 'the session is gone';
    return `${session}, with ${messages} of ${queuedMessages} messages`;
  }
});

/** A session with a queue, and retained messages, left by a broker that was killed. */
async function fill(folder: StateFolder): Promise<void> {
  await using scene = await Scene.open({ stateFolder: folder.stateFolder });
  const random = new Random(1);
  const broker = await scene.start();
  const subscriber = scene.subscriber('away');
  await subscriber.subscribe('queued/#', 2);
  subscriber.leave(true);
  const publisher = scene.publisher('p');
  const queued = Array.from({ length: queuedMessages }, (_, index) => {
    const qos = random.pick([1, 2] as const);
    const bytes = random.below(random.pick([100, 1000, 10_000]));
    return scene.message(publisher, `queued/${index % 7}`, { qos, bytes });
  });
  const retained = Array.from({ length: retainedMessages }, (_, index) => {
    return scene.message(publisher, `retained/${index}`, { retain: true, bytes: index * 50 });
  });
  await scene.publish(publisher, ...queued, ...retained);
  scene.assertNoFailure();
  await broker.end('SIGKILL');
}

/** It takes whatever is still there for it; each payload says itself whether it is sound. */
async function returnOfSubscriber(scene: Scene) {
  const labels = new Set<string>();
  const client = scene.heir('away', (label) => labels.add(label));
  await scene.until(() => client.isReady, 'the subscriber comes back');
  const isPresent = client.hadSession;
  await client.subscribe('queued/#', 2);
  const writer = scene.publisher('ending');
  // One of each QoS: those of QoS 1 may overtake those of QoS 2, whose packet ids are stored first.
  const ends = ([1, 2] as const).map((qos) => scene.message(writer, 'queued/end', { qos }));
  await scene.publish(writer, ...ends);
  const haveCome = () => ends.every(({ label }) => labels.has(label));
  await scene.until(haveCome, 'the last messages come after the queue');
  client.leave();
  return { isPresent, messages: labels.size - ends.length };
}

/** @throws StuckError when fewer than that many come */
async function readRetained(scene: Scene, messages: number): Promise<void> {
  const labels = new Set<string>();
  const client = scene.heir('retained-reader', (label) => labels.add(label));
  await client.subscribe('retained/#', 1);
  await client.subscribe('nothing/1', 0);
  await scene.until(() => labels.size >= messages, `${messages} retained messages come`);
  client.leave();
}
