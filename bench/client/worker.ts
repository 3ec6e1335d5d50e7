/** One client library under a load, in a process of its own; prints what it took as JSON. */

import process from 'node:process';
import type { IncomingMessage, MqttClient } from '../../src/client.ts';
import { type Measured, Meter } from './meter.ts';
import { isTask, type Task } from './task.ts';

const topic = 'bench/client';
const payload = new Uint8Array(64).fill(0x61);
// Publications that are open at a time.
const windowMax = 500;

const task: unknown = JSON.parse(process.argv[2]);
if (!isTask(task)) throw new TypeError('no task: bench/client/run.ts starts this program');
const meter = new Meter(task.count);
const url = `mqtt://127.0.0.1:${task.port}`;
const measure = { pantala: usePantala, 'mqtt.js': useMqttJs }[task.library];
process.stdout.write(`${JSON.stringify(await measure(task))}\n`);
process.exit(0);

async function usePantala({ mode, qos, module, clients = 1 }: Task): Promise<Measured> {
  // Only the library that is measured is in memory, and as it is published.
  const { connect }: typeof import('../../src/client.ts') = await import(module);
  if (mode === 'idle') return meter.memoryOf(() => connect(url));
  const client: MqttClient = await connect(url);
  if (mode === 'publish') {
    const publishers = [client];
    while (publishers.length < clients) publishers.push(await connect(url));
    for (const publisher of publishers) {
      keepOpen((acknowledged) => {
        publisher.publish(topic, payload, { qos }).then(acknowledged);
      });
    }
    return meter.done;
  }
  const handle = ({ bytes }: IncomingMessage) => {
    if (bytes.length === payload.length) meter.tick();
  };
  if (mode === 'receive') {
    await client.subscribe(topic, handle, { qos }).granted;
    process.stdout.write('ready\n');
    return meter.done;
  }
  const subscription = client.subscribe(topic, { qos });
  await subscription.granted;
  process.stdout.write('ready\n');
  for await (const message of subscription) {
    handle(message);
    if (meter.isDone) break;
  }
  return meter.done;
}

async function useMqttJs({ mode, qos }: Task): Promise<Measured> {
  const { connectAsync } = await import('mqtt');
  const options = { protocolVersion: 5 } as const;
  if (mode === 'idle') return meter.memoryOf(() => connectAsync(url, options));
  const client = await connectAsync(url, options);
  if (mode === 'publish') {
    const bytes = Buffer.from(payload);
    keepOpen((acknowledged) => {
      client.publish(topic, bytes, { qos }, () => acknowledged());
    });
    return meter.done;
  }
  client.on('message', (_topic, bytes) => {
    if (bytes.length === payload.length) meter.tick();
  });
  await client.subscribeAsync(topic, { qos });
  process.stdout.write('ready\n');
  return meter.done;
}

/** Keeps so many publications open, until enough have been acknowledged. */
function keepOpen(publish: (acknowledged: () => void) => void): void {
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
