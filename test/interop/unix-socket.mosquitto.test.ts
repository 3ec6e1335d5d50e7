/** mosquitto_pub and mosquitto_sub on a Unix socket. */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { socketLinks } from '../../src/transport/socket-link.ts';
import { openLayeredBroker } from './layered-broker.ts';
import { missingTools } from './mosquitto-tools.ts';

const directory = mkdtempSync(join(tmpdir(), 'pantala-unix-'));
after(() => rmSync(directory, { recursive: true }));

it('mosquitto_sub --unix gets what mosquitto_pub --unix publishes', options(), async () => {
  const path = join(directory, 'socket');
  await using broker = await openLayeredBroker(socketLinks, { path });
  const place = ['--unix', path, '-t', 'news', '-i'];
  const subscriber = spawn('mosquitto_sub', [...place, 'sub', '-C', '1', '-W', '20']);
  let printed = '';
  subscriber.stdout.on('data', (text) => {
    printed += text;
  });
  const ended = once(subscriber, 'close');
  const { clientId, peer } = await broker.client();
  assert.deepEqual([clientId, peer], ['sub', `${path}:0`]);
  // Retained, as the subscription may not be there yet.
  const publisher = spawn('mosquitto_pub', [...place, 'pub', '-r', '-q', '1', '-m', 'hello']);
  assert.deepEqual(await once(publisher, 'close'), [0, null]);
  assert.deepEqual(await ended, [0, null]);
  assert.equal(printed, 'hello\n');
});

function options() {
  const isKnown = String(spawnSync('mosquitto_sub', ['--help']).stdout).includes('--unix');
  const skip = missingTools() ?? (isKnown ? false : 'mosquitto_sub has no --unix: too old');
  return { skip, timeout: 30_000 };
}
