/** One client under load, in a process of its own; prints what it took as JSON. */

import process from 'node:process';
import type { IncomingMessage, MqttClient } from '../../src/client.ts';

export interface Task {
  readonly library: 'pantala' | 'mqtt.js';
  readonly mode: 'publish' | 'receive' | 'iterate';
  readonly qos: 0 | 1;
  /** From where Pantala is loaded. */
  readonly module: string;
  readonly port: number;
  /** Messages that are counted, after a fifth as many to warm up. */
  readonly count: number;
}

export interface Measured {
  readonly cpuMicroseconds: number;
  readonly messagesPerSecond: number;
  readonly residentMegabytes: number;
}

const topic = 'bench/client';
const payload = new Uint8Array(64).fill(0x61);
// Publications that are open at a time.
const windowMax = 500;

/** Counts messages, and what they cost from the first that counts to the last. */
class Meter {
  readonly done = Promise.withResolvers<Measured>();
  readonly #warmUp: number;
  readonly #count: number;
  #seen = 0;
  #cpu = process.cpuUsage();
  #at = performance.now();

  constructor(count: number) {
    this.#warmUp = Math.ceil(count / 5);
    this.#count = count;
  }

  get isDone(): boolean {
    return this.#seen >= this.total;
  }

  get total(): number {
    return this.#warmUp + this.#count;
  }

  tick(): void {
    this.#seen++;
    if (this.#seen === this.#warmUp) {
      this.#cpu = process.cpuUsage();
      this.#at = performance.now();
    }
    if (this.#seen !== this.total) return;
    const { user, system } = process.cpuUsage(this.#cpu);
    this.done.resolve({
      cpuMicroseconds: (user + system) / this.#count,
      messagesPerSecond: (1000 * this.#count) / (performance.now() - this.#at),
      residentMegabytes: process.memoryUsage.rss() / 1e6,
    });
  }
}

const task = JSON.parse(process.argv[2]) as Task;
const meter = new Meter(task.count);
const url = `mqtt://127.0.0.1:${task.port}`;
const measure = { pantala: usePantala, 'mqtt.js': useMqttJs }[task.library];
process.stdout.write(`${JSON.stringify(await measure(task))}\n`);
process.exit(0);

async function usePantala({ mode, qos }: Task): Promise<Measured> {
  // Only the library that is measured is in memory.
  const { connect } = await import(task.module);
  const client: MqttClient = await connect(url);
  if (mode === 'publish') {
    await openWindow((acknowledged) => {
      client.publish(topic, payload, { qos }).then(acknowledged);
    });
    return meter.done.promise;
  }
  const handle = ({ bytes }: IncomingMessage) => {
    if (bytes.length === payload.length) meter.tick();
  };
  if (mode === 'receive') {
    await client.subscribe(topic, handle, { qos }).granted;
    process.stdout.write('ready\n');
    return meter.done.promise;
  }
  const subscription = client.subscribe(topic, { qos });
  await subscription.granted;
  process.stdout.write('ready\n');
  for await (const message of subscription) {
    handle(message);
    if (meter.isDone) break;
  }
  return meter.done.promise;
}

async function useMqttJs({ mode, qos }: Task): Promise<Measured> {
  const { connect } = await import('mqtt');
  const client = connect(url, { protocolVersion: 5 });
  await new Promise((resolve) => client.once('connect', resolve));
  if (mode === 'publish') {
    const bytes = Buffer.from(payload);
    await openWindow((acknowledged) => {
      client.publish(topic, bytes, { qos }, () => acknowledged());
    });
    return meter.done.promise;
  }
  client.on('message', (_topic, bytes) => {
    if (bytes.length === payload.length) meter.tick();
  });
  await client.subscribeAsync(topic, { qos });
  process.stdout.write('ready\n');
  return meter.done.promise;
}

/** Keeps so many publications open, until enough have been acknowledged. */
async function openWindow(publish: (acknowledged: () => void) => void): Promise<void> {
  let left = meter.total;
  const next = () => {
    if (left === 0) return;
    left--;
    publish(acknowledged);
  };
  const acknowledged = () => {
    meter.tick();
    next();
  };
  for (let open = 0; open < windowMax; open++) next();
}
