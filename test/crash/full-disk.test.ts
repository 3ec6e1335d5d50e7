/** The disk is full: nothing is acknowledged that cannot be kept, and all else goes on. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { reasonCodes } from '../../src/packet/reason-codes.ts';
import { SmallDisk } from '../harness/small-disk.ts';
import type { Publisher } from './publisher.ts';
import { Scene } from './scene.ts';
import { missingAt } from './verdict.ts';

const diskMegabytes = 8;
const ballastMegabytes = 3;
/** So many that they do not fit, whatever the store makes of them. */
const messagesMax = 2000;
const messageBytes = 16_000;
const retryMilliseconds = 100;
const retriesMax = 150;

describe('a broker whose disk is full', () => {
  const skip = SmallDisk.missing();

  it('refuses what it cannot keep, serves on, and recovers by itself', { skip }, async () => {
    using disk = new SmallDisk(diskMegabytes);
    disk.placeBallast(ballastMegabytes);
    await using scene = await Scene.open({ stateFolder: disk.path });
    await scene.start();
    const away = scene.subscriber('away');
    await away.subscribe('full/#', 1);
    away.leave(true);
    const publisher = scene.publisher('p5');
    const older = scene.publisher('p4', 4);
    await scene.publish(publisher, scene.message(publisher, 'live/kept', { retain: true }));

    await fillUp(scene, publisher);
    const unkept = scene.message(older, 'full/older', { bytes: 4 * messageBytes });
    older.publish(unkept);
    await assertLives(scene, publisher);
    assert.equal(unkept.acknowledged, undefined, 'PUBACK for what cannot be kept');

    disk.makeRoom();
    await publishUntilAccepted(scene, publisher);
    if (!older.isIdle) older.client.cut(); // MQTT 3.1.1 sends again after a new connection only
    await scene.until(() => older.isIdle, 'PUBACK for MQTT 3.1.1, now that there is room');
    away.come();
    await scene.publish(publisher, scene.message(publisher, 'full/last'));
    const missing = () => missingAt(away, scene.ledger).map(({ label }) => label);
    await scene.until(() => missing().length === 0, 'all that was acknowledged arrives');
    assert.ok(away.inbox.has(unkept.label));
    // While it is full, it may refuse to begin a session as well.
    scene.assertNoFailure('refusal');
  });
});

/** Publishes until a message that is alone is refused. */
async function fillUp(scene: Scene, publisher: Publisher): Promise<void> {
  for (let count = 0; count < messagesMax; count++) {
    const message = scene.message(publisher, 'full/bulk', { bytes: messageBytes });
    await scene.publish(publisher, message);
    if (message.refused === undefined) continue;
    assert.equal(message.refused, reasonCodes.quotaExceeded);
    return;
  }
  assert.fail(`${messagesMax} messages of ${messageBytes} bytes fit in ${diskMegabytes} MB`);
}

/** Whoever has no session is served as ever, and may read what is retained. */
async function assertLives(scene: Scene, publisher: Publisher): Promise<void> {
  const reader = scene.subscriber('reader', 'clean');
  const writer = scene.subscriber('writer', 'clean');
  await reader.subscribe('live/#', 0);
  const hasRetained = () => [...reader.inbox.entries()].length > 0;
  await scene.until(hasRetained, 'a retained message can be read');
  const live = scene.message(publisher, 'live/now');
  await scene.until(() => writer.client.isReady, 'a client can connect');
  writer.client.publishAtMostOnce(live.topic, live.payload);
  await scene.until(() => reader.inbox.has(live.label), 'QoS 0 passes');
}

async function publishUntilAccepted(scene: Scene, publisher: Publisher): Promise<void> {
  for (let tries = 0; tries < retriesMax; tries++) {
    const message = scene.message(publisher, 'full/after', { bytes: messageBytes });
    await scene.publish(publisher, message);
    if (message.refused === undefined) return;
    await delay(retryMilliseconds); // nothing says when there is room
  }
  assert.fail('there is room again, and nothing is accepted');
}
