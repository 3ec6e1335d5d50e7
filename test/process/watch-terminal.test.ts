/** `pantala sub --watch` on a terminal: what is there when it has ended, by whatever signal. */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { after, before, describe, it } from 'node:test';
import { Broker } from '../../src/broker/broker.ts';
import { WrittenText } from '../../src/cli/test-io.ts';
import { NodeHost } from '../../src/server/node-host.ts';
import type { Listener } from '../../src/transport/listen-sockets.ts';
import { listenTcp } from '../../src/transport/tcp.ts';
import { TestGatekeeper } from '../harness/test-gatekeeper.ts';

const isMissing = spawnSync('script', ['--version']).error !== undefined;
const skip = isMissing ? 'script is not installed: apt-get install bsdutils' : false;

const enter = '\x1b[?1049h';
const leave = '\x1b[?7h\x1b[?25h\x1b[?1049l';

describe('sub --watch on a terminal', { skip }, () => {
  let listener: Listener;
  const host = new NodeHost();
  const subscribed = new EventTarget();
  before(async () => {
    const broker = new Broker({
      host,
      gatekeeper: new TestGatekeeper(),
      systemTopicSeconds: 0,
      observer: { subscribed: () => void subscribed.dispatchEvent(new Event('one')) },
    });
    host.start((now) => broker.wake(now));
    listener = await listenTcp(broker.listener().accept, { port: 0, host: '127.0.0.1' });
  });
  after(async () => {
    await listener.close();
    host.stop();
  });

  /** Runs it until it is subscribed. */
  async function start() {
    const sub = `bin/pantala sub -h 127.0.0.1 -p ${listener.port} -t a --watch`;
    const command = `stty cols 60 rows 10; echo "PID:$$ "; exec ${process.execPath} ${sub}`;
    const subscription = once(subscribed, 'one');
    const script = spawn('script', ['-qec', command, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const ended = once(script, 'close');
    const output = new WrittenText();
    script.stdout.pipe(output);
    await output.until(/PID:\d+ /);
    await subscription;
    const pid = Number(/PID:(\d+)/.exec(output.text)?.[1]);
    return { output, ended, kill: (signal: NodeJS.Signals) => process.kill(pid, signal) };
  }

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) {
    it(`gives the terminal back after ${signal}`, async () => {
      const { output, ended, kill } = await start();
      kill(signal);
      await ended;
      assertGivenBack(output.text);
    });
  }
});

function assertGivenBack(output: string): void {
  assert.ok(output.includes(enter), output);
  assert.ok(output.lastIndexOf(leave) > output.lastIndexOf(enter), output);
}
