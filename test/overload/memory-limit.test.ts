/** memory_limit is about what is kept, not about what passes through. */

import assert from 'node:assert/strict';
import { after, it } from 'node:test';
import { Folder, freePort, running, Serving } from '../process/serving.ts';
import { SocketClient } from '../process/socket-client.ts';

const folder = new Folder();
after(() => folder[Symbol.dispose]());

const megabyte = 2 ** 20;
const quotaExceeded = 0x97;
const noSubscribers = 0x10;

it('lets pass many times its memory_limit, and keeps no more than that', {
  timeout: 120_000,
}, async () => {
  const port = await freePort();
  const config = folder.config(
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    'connection_messages false',
    `memory_limit ${120 * megabyte}`,
  );
  await using broker = new Serving(['-c', config]);
  await broker.stderr.until(running);
  using client = await SocketClient.enter({ port, clientId: 'c' });
  const text = 'x'.repeat(megabyte);
  for (let i = 0; i < 300; i++) assert.equal(await client.publish('t', text), noSubscribers);
  let kept = 0;
  while ((await client.retain(`t/${kept}`, text)) !== quotaExceeded) kept++;
  assert.ok(kept > 40 && kept < 200, `${kept} MB`);
  // What is taken back makes room.
  for (let i = 0; i < kept; i++) await client.retain(`t/${i}`, '');
  while ((await client.retain('t/0', text)) === quotaExceeded) await client.retain('t/1', '');
});
