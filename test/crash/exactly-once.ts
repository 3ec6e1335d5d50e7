/** Messages of QoS 2, by our client through our broker, while both suffer: each arrives once. */

import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../../src/client.ts';
import { BrokerProcess, freePort } from './broker-process.ts';
import { CutRelay } from './cut-relay.ts';
import { StateFolder } from './state-folder.ts';

export interface ExactlyOnceOptions {
  readonly messages: number;
  /** Between two kills of the broker, on average. */
  readonly killSeconds: number;
  /** Between two cuts of a connection, on average. */
  readonly cutSeconds: number;
  /** Without an arrival: then something is stuck. */
  readonly patienceSeconds: number;
  readonly random: () => number;
}

export interface ExactlyOnceOutcome {
  readonly arrived: number;
  readonly twice: number;
  readonly outOfOrder: number;
  readonly kills: number;
  readonly cuts: number;
  readonly seconds: number;
  /** Of heap of this process, which both clients are in, from the middle to the end. */
  readonly heapGrowthMegabytes: number;
}

// Published and not acknowledged at a time.
const openMax = 500;
const reconnect = { firstDelayMilliseconds: 20, delayMillisecondsMax: 200, initially: true };

export async function exactlyOnce(options: ExactlyOnceOptions): Promise<ExactlyOnceOutcome> {
  const { messages, killSeconds, cutSeconds, patienceSeconds, random } = options;
  using folders = new StateFolder();
  const { folder, stateFolder } = folders;
  const port = await freePort();
  const settings = { kind: 'pantala', port, folder, stateFolder, durability: 'sync' } as const;
  const startedAt = performance.now();
  let broker = new BrokerProcess(settings);
  await broker.listening();
  await using relay = await CutRelay.to(port);
  const url = `mqtt://127.0.0.1:${relay.port}`;
  const lasting = { sessionExpirySeconds: 3600, reconnect };
  const arrivals = new Arrivals(messages);
  const subscriber = await connect(url, { ...lasting, clientId: 'subscriber' });
  const take = ({ bytes }: { bytes: Uint8Array }) => arrivals.take(bytes);
  await subscriber.subscribe('exactly/once', take, { qos: 2 }).granted;
  const publisher = await connect(url, { ...lasting, clientId: 'publisher' });
  let isOver = false;
  let kills = 0;
  const around = (seconds: number) => sleep(seconds * 1000 * 2 * random());
  const kill = async () => {
    while (!isOver) {
      await around(killSeconds);
      if (isOver) return;
      kills++;
      await broker.end('SIGKILL');
      broker = new BrokerProcess(settings);
      await broker.listening();
    }
  };
  const cut = async () => {
    while (!isOver) {
      await around(cutSeconds);
      relay.cut(random());
    }
  };
  const troubles = Promise.all([kill(), cut()]);
  const publishing = publishAll(messages, (payload) =>
    publisher.publish('exactly/once', payload, { qos: 2 }),
  );
  let middleBytes = 0;
  while (arrivals.count < messages) {
    const before = arrivals.count;
    await Promise.race([sleep(patienceSeconds * 1000, undefined, { ref: false }), arrivals.some()]);
    if (arrivals.count === before) break;
    if (middleBytes === 0 && arrivals.count > messages / 2) middleBytes = heapBytes();
  }
  const endBytes = heapBytes();
  isOver = true;
  await troubles;
  if (arrivals.count >= messages) await publishing;
  // What comes twice has this long to do so.
  await sleep(500);
  await Promise.all([publisher.disconnect(), subscriber.disconnect()]);
  await broker[Symbol.asyncDispose]();
  return {
    arrived: arrivals.count,
    twice: arrivals.twice,
    outOfOrder: arrivals.outOfOrder,
    kills,
    cuts: relay.cuts,
    seconds: (performance.now() - startedAt) / 1000,
    heapGrowthMegabytes: (endBytes - middleBytes) / 1e6,
  };
}

/** Resolves when all have been acknowledged. */
async function publishAll(
  messages: number,
  publish: (payload: Uint8Array) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const publishers = Array.from({ length: openMax }, async () => {
    while (next < messages) {
      const payload = new Uint8Array(4);
      new DataView(payload.buffer).setUint32(0, next++);
      await publish(payload);
    }
  });
  await Promise.all(publishers);
}

/** Which messages have come. */
class Arrivals {
  readonly #seen: Uint8Array;
  #news = Promise.withResolvers<void>();
  #last = -1;
  count = 0;
  twice = 0;
  outOfOrder = 0;

  constructor(messages: number) {
    this.#seen = new Uint8Array(messages);
  }

  take(bytes: Uint8Array): void {
    const number = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
    if (this.#seen[number] > 0) {
      this.twice++;
      return;
    }
    if (number < this.#last) this.outOfOrder++;
    this.#last = number;
    this.#seen[number] = 1;
    this.count++;
    this.#news.resolve();
  }

  /** Resolves when another one has come. */
  some(): Promise<void> {
    this.#news = Promise.withResolvers();
    return this.#news.promise;
  }
}

function heapBytes(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage().heapUsed;
}
