/** A reload that changes where log lines go, and one that cannot. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { after, it } from 'node:test';
import { Folder, freePort, running, Serving, until } from './serving.ts';
import { SocketClient } from './socket-client.ts';

const folder = new Folder();
after(() => folder[Symbol.dispose]());

const limit = {
  timeout: 60_000,
  skip: process.platform === 'win32' && 'Windows has no SIGHUP',
};

it(
  'shows the packets of clients that are there, after log_type debug has come',
  limit,
  async () => {
    const port = await freePort();
    const common = [`listener ${port} 127.0.0.1`, 'allow_anonymous true', 'log_dest stderr'];
    const config = folder.config(...common);
    await using broker = new Serving(['-c', config]);
    await broker.stderr.until(running);
    using client = await SocketClient.enter({ port, clientId: 'there' });
    await client.publish('t', 'x');
    folder.config(...common, 'log_type all');
    broker.signal('SIGHUP');
    await broker.stderr.until(/Reloading config/);
    await client.publish('t', 'x');
    await broker.stderr.until(/Received PUBLISH from there \(d0, q1, r0, m2, 't', /);
    assert.doesNotMatch(broker.stderr.text, /Received PUBLISH from there \(d0, q1, r0, m1,/);
  },
);

it('leaves everything as it was when the log file cannot be opened', limit, async () => {
  const port = await freePort();
  const log = folder.file('before.log');
  const common = [`listener ${port} 127.0.0.1`];
  const config = folder.config(...common, 'allow_anonymous true', `log_dest file ${log}`);
  await using broker = new Serving(['-c', config]);
  const logged = () => (existsSync(log) ? readFileSync(log, 'utf8') : '');
  await until(() => running.test(logged()));
  using there = await SocketClient.enter({ port, clientId: 'there' });
  const impossible = folder.file('missing/after.log');
  folder.config(...common, 'allow_anonymous false', `log_dest file ${impossible}`);
  broker.signal('SIGHUP');
  await until(() => /what was read before still counts/.test(logged()));
  assert.match(logged(), new RegExp(`Error: [^\\n]*${impossible}`));
  using _newcomer = await SocketClient.enter({ port, clientId: 'newcomer' });
  assert.ok(there.isOpen);
  const after = folder.file('after.log');
  folder.config(...common, 'allow_anonymous false', `log_dest file ${after}`);
  broker.signal('SIGHUP');
  assert.equal(await there.closed, 0x87);
  await until(
    () => existsSync(after) && /disconnected: not authori/.test(readFileSync(after, 'utf8')),
  );
});
