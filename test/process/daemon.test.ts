/** `-d`: the broker in the background. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import process from 'node:process';
import { after, describe, it } from 'node:test';
import { connected, Folder, freePort, Serving, until } from './serving.ts';

const folder = new Folder();
after(() => folder[Symbol.dispose]());

const limit = {
  timeout: 60_000,
  skip: process.platform === 'win32' && 'Windows has no daemons, as Mosquitto says as well',
};

describe('pantala serve -d', limit, () => {
  it('ends with 0 when the broker listens, which goes on without it', async () => {
    const port = await freePort();
    // Relative paths lead where they did.
    const config = folder.config(
      `listener ${port} 127.0.0.1`,
      'allow_anonymous true',
      'pid_file broker.pid',
      'log_dest file broker.log',
      'log_dest stderr',
    );
    await using first = new Serving(['-c', config, '-d'], { cwd: folder.path });
    assert.equal(await first.ended, 0);
    assert.equal(first.stdout.text + first.stderr.text, '', 'says nothing');
    const pid = Number(readFileSync(folder.file('broker.pid'), 'utf8'));
    try {
      assert.notEqual(pid, first.pid);
      const client = await connected(port, 'c');
      client.destroy();
      const status = readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ');
      assert.equal(Number(status[5]), pid, 'it leads a session of its own');
    } finally {
      process.kill(pid, 'SIGTERM');
    }
    await until(() => !existsSync(folder.file('broker.pid')));
    await until(() => / terminating\n/.test(readFileSync(folder.file('broker.log'), 'utf8')));
  });

  it('shows why the broker has ended, and ends with its code', async () => {
    await using blocker = createServer();
    blocker.listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const { port } = blocker.address() as { port: number };
    const quiet = folder.config(`listener ${port} 127.0.0.1`, 'log_dest none');
    await using first = new Serving(['-d', '-c', quiet]);
    assert.equal(await first.ended, 1);
    assert.match(
      first.stderr.text,
      /^Error: Address already in use: port [0-9]+ of 127\.0\.0\.1\./,
    );
  });

  it('shows what is wrong with a configuration, as without it', async () => {
    const config = folder.config('listener x');
    await using inFront = new Serving(['-c', config]);
    await using inBackground = new Serving(['-c', config, '--daemon']);
    assert.deepEqual([await inFront.ended, await inBackground.ended], [3, 3]);
    assert.match(inBackground.stderr.text, /^Error: /);
    assert.equal(inBackground.stderr.text, inFront.stderr.text);
  });

  it('only checks a configuration with --test-config', async () => {
    await using first = new Serving([
      '-d',
      '-c',
      folder.config('listener 1', 'allow_anonymous true'),
      '--test-config',
    ]);
    assert.equal(await first.ended, 0);
    assert.equal(first.stderr.text, 'Configuration file is OK.\n');
  });
});
