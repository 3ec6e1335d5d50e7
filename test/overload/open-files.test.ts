/** More connections than the process may have: the broker goes on with those that it has. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import process from 'node:process';
import { createInterface } from 'node:readline/promises';
import { describe, it } from 'node:test';
import { bytesOf } from '../../src/packet/packet-notation.ts';
import { ServedBroker } from './served-broker.ts';

const openFilesMax = 128;
const crowd = 400;

describe('a process that may have no more files', { timeout: 60_000 }, () => {
  it('keeps its clients, ends the rest, takes new ones later, and does not spin', async () => {
    await using broker = await ServedBroker.start({ openFilesMax });
    const client = connect(broker.port, '127.0.0.1');
    client.write(bytesOf('10 ["MQTT" 04 02 0000 "client"]'));
    await once(client, 'data');
    const strangers = Array.from({ length: crowd }, () => stranger(broker.port));
    // More cannot be had at a time than there may be files.
    await ended(strangers, crowd - openFilesMax);
    const before = broker.processorSeconds;
    client.write(bytesOf('c0 00'));
    assert.deepEqual(await once(client, 'data'), [Buffer.of(0xd0, 0)]);
    // What it does in a second without anything to do is what is measured.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const busy = broker.processorSeconds - before;
    assert.ok(busy < 0.5, `${busy} s of processor time in a second without anything to do`);
    for (const socket of strangers) socket.destroy();
    client.destroy();
    await broker.expectAnswer();
  });

  it('tells of it, once a second, with what would help', async () => {
    const url = new URL('../../src/transport/listen-sockets.ts', import.meta.url);
    const script = `
      const { listenSockets } = await import(${JSON.stringify(url)});
      const held = [];
      const events = { acceptFailed: (reason) => console.log(reason) };
      const place = { port: 0, host: '127.0.0.1', events };
      const { port } = await listenSockets(({ socket }) => held.push(socket), place);
      console.log(port);
    `;
    const limited = [`ulimit -n ${openFilesMax}; exec "$@"`, 'sh', process.execPath];
    const args = ['-c', ...limited, '--input-type=module', '-e', script];
    const child = spawn('sh', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const port = Number((await lines.next()).value);
    const strangers = Array.from({ length: crowd }, () => stranger(port));
    await ended(strangers, crowd - openFilesMax);
    const { value: line } = await lines.next();
    for (const socket of strangers) socket.destroy();
    child.kill('SIGKILL');
    assert.match(
      String(line),
      /^Unable to accept new connection, system socket count has been exc/,
    );
    assert.deepEqual(await lines.next(), { value: undefined, done: true });
  });
});

function stranger(port: number): Socket {
  return connect(port, '127.0.0.1')
    .on('error', () => undefined)
    .resume();
}

/** Resolves when so many sockets have ended. */
function ended(sockets: readonly Socket[], count: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let remaining = count;
  for (const socket of sockets) {
    socket.once('close', () => {
      remaining--;
      if (remaining === 0) resolve();
    });
  }
  return promise;
}
