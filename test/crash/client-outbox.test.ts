/** A program that is killed again and again: what it had stored arrives exactly once. */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import process from 'node:process';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../../src/client.ts';
import { BrokerProcess, type BrokerSettings, freePort } from './broker-process.ts';
import { patienceSeconds } from './scene.ts';
import { StateFolder } from './state-folder.ts';
import { Watch, within } from './watch.ts';

const kills = 8;
const millisecondsMax = 250;
const script = join(import.meta.dirname, 'outbox-program.ts');

// No process outlives the test, however that ends.
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** What the program has said, in all its lives. */
class Diary {
  readonly watch = new Watch();
  readonly stored = new Set<string>();
  last = 0;
  isReady = false;
  left: string | undefined;
  #rest = '';

  read(chunk: string): void {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop()!;
    for (const line of lines) {
      const [what, number] = line.split(' ');
      if (what === 'ready') this.isReady = true;
      if (what === 'tries') this.last = Number(number);
      if (what === 'stored') this.stored.add(number);
      if (what === 'left') this.left = number;
    }
    this.watch.notify();
  }

  /** A new life begins. */
  begin(): void {
    this.isReady = false;
    this.#rest = '';
  }
}

describe('a program with an outbox that is killed', () => {
  it('has each message that was stored arrive exactly once, and no other one twice', async () => {
    using folders = new StateFolder();
    const { folder, stateFolder } = folders;
    const port = await freePort();
    const settings = { kind: 'pantala', port, folder, stateFolder, durability: 'sync' } as const;
    let broker = await started(settings);
    const arrived: string[] = [];
    const subscriber = await connect(`mqtt://127.0.0.1:${port}`, {
      clientId: 'subscriber',
      sessionExpirySeconds: 3600,
      reconnect: { firstDelayMilliseconds: 20, delayMillisecondsMax: 100 },
    });
    const subscription = subscriber.subscribe('#', (each) => void arrived.push(each.text()), {
      qos: 2,
    });
    await subscription.granted;
    const diary = new Diary();
    const start = (first: string) => program([String(port), join(folder, 'outbox'), first], diary);
    for (let kill = 0; kill < kills; kill++) {
      const child = start(String(diary.last + 1));
      await diary.watch.until(
        () => diary.isReady,
        patienceSeconds,
        () => 'the program is ready',
      );
      await sleep(Math.random() * millisecondsMax);
      if (kill % 4 === 3) {
        await broker.end('SIGKILL');
        await sleep(Math.random() * millisecondsMax);
      }
      child.kill('SIGKILL');
      await once(child, 'close');
      if (kill % 4 === 3) broker = await started(settings);
    }
    const child = start('drain');
    const exit = once(child, 'close');
    await within(exit, 4 * patienceSeconds, () => 'the last program sends what is left');
    assert.equal(diary.left, '0');
    const all = () => [...diary.stored].every((each) => arrived.includes(each));
    const deadline = Date.now() + patienceSeconds * 1000;
    while (!all() && Date.now() < deadline) await sleep(20);
    await subscriber.disconnect();
    await broker.end('SIGTERM');
    assert.ok(diary.stored.size > kills, `${diary.stored.size} were stored`);
    assert.deepEqual(
      [...diary.stored].filter((each) => !arrived.includes(each)),
      [],
      'lost',
    );
    assert.equal(new Set(arrived).size, arrived.length, 'no message arrives twice');
    const numbers = arrived.map(Number);
    assert.deepEqual(
      numbers,
      numbers.toSorted((one, other) => one - other),
      'in order',
    );
  });
});

async function started(settings: BrokerSettings): Promise<BrokerProcess> {
  const broker = new BrokerProcess(settings);
  await broker.listening();
  return broker;
}

function program(args: readonly string[], diary: Diary): ChildProcess {
  diary.begin();
  const child = spawn(process.execPath, [script, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.add(child);
  child.once('close', () => running.delete(child));
  child.stdout!.setEncoding('utf8').on('data', (chunk) => diary.read(chunk));
  return child;
}
