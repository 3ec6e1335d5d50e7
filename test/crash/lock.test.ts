/** Two brokers never share a store. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { freePort } from './broker-process.ts';
import { patienceSeconds, Scene } from './scene.ts';
import { within } from './watch.ts';

/** What the second one says, in whatever words. */
const takenLine = /another|already|in use/i;

describe('a second broker on the same files', () => {
  it('ends with exit code 1 and says why, while the first serves on', async () => {
    await using scene = await Scene.open();
    await scene.start();
    await scene.assertServes();
    const second = scene.launch({ port: await freePort() });
    const { code } = await within(second.exited, patienceSeconds, () => 'the second broker ends');
    assert.match(second.stderr, takenLine);
    assert.equal(code, 1, second.stderr);
    await scene.assertServes();
    scene.assertNoFailure();
  });

  it('may start as soon as the first one is dead', async () => {
    await using scene = await Scene.open();
    const first = await scene.start();
    const subscriber = scene.subscriber('s');
    await subscriber.subscribe('kept', 1);
    await first.end('SIGKILL');
    await scene.start();
    await scene.until(() => subscriber.client.isReady, 'the subscriber is back');
    await scene.assertServes();
    scene.assertNoFailure();
  });
});
