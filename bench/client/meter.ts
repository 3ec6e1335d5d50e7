/** What a client takes of its machine for each message. */

import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';

export interface Measured {
  readonly cpuMicroseconds: number;
  readonly messagesPerSecond: number;
  /** Resident memory of the process; under the load `idle` for each connection, in kilobytes. */
  readonly memory: number;
}

// Time for the collector, after connections were opened.
const settleMilliseconds = 2000;

/** Counts messages, and what they cost from the first that counts to the last. */
export class Meter {
  readonly #done = Promise.withResolvers<Measured>();
  readonly #warmUp: number;
  readonly #count: number;
  #seen = 0;
  #cpu = process.cpuUsage();
  #at = performance.now();

  constructor(count: number) {
    this.#warmUp = Math.ceil(count / 5);
    this.#count = count;
  }

  get done(): Promise<Measured> {
    return this.#done.promise;
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
    this.#done.resolve({
      cpuMicroseconds: (user + system) / this.#count,
      messagesPerSecond: (1000 * this.#count) / (performance.now() - this.#at),
      memory: process.memoryUsage.rss() / 1e6,
    });
  }

  /** Opens as many connections as there are messages to count otherwise. */
  async memoryOf(open: () => Promise<unknown>): Promise<Measured> {
    const clients: unknown[] = [await open()];
    const before = process.memoryUsage.rss();
    const cpu = process.cpuUsage();
    const at = performance.now();
    for (let left = this.#count; left > 0; left--) clients.push(await open());
    const { user, system } = process.cpuUsage(cpu);
    const milliseconds = performance.now() - at;
    await delay(settleMilliseconds);
    return {
      cpuMicroseconds: (user + system) / this.#count,
      messagesPerSecond: (1000 * this.#count) / milliseconds,
      memory: (process.memoryUsage.rss() - before) / 1e3 / (clients.length - 1),
    };
  }
}
