/** A client of a run that publishes at its pace, and never more than its window allows at once. */

import { momentText } from './clock.ts';
import { LastingClient } from './lasting-client.ts';
import type { Ledger } from './ledger.ts';
import type { Message } from './message.ts';
import type { PacketLog } from './packet-log.ts';
import type { Watch } from './watch.ts';

export interface PublisherOptions {
  readonly clientId: string;
  readonly version: 4 | 5;
  readonly port: number;
  readonly ledger: Ledger;
  readonly watch: Watch;
  readonly log?: PacketLog | undefined;
  readonly messagesPerSecond: number;
  /** Makes its next message. */
  readonly next: () => Message;
}

const windowMax = 12;
const paceMilliseconds = 5;
/** How much of its pace it may catch up with after it could not publish. */
const burstMax = 8;

export class Publisher implements Disposable {
  readonly client: LastingClient;
  readonly #ledger: Ledger;
  readonly #watch: Watch;
  readonly #next: () => Message;
  readonly #perTick: number;
  /** Messages that it is to publish apart from its pace. */
  readonly #errands: Message[] = [];
  #allowance = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor({ ledger, watch, next, messagesPerSecond, ...options }: PublisherOptions) {
    this.#ledger = ledger;
    this.#watch = watch;
    this.#next = next;
    this.#perTick = (messagesPerSecond * paceMilliseconds) / 1000;
    this.client = new LastingClient(options, {
      ready: () => this.#pump(),
      resent: (message) => {
        message.resends++;
      },
      answered: (message, type, reasonCode) => {
        ledger.answered(message, type, reasonCode);
        this.#pump();
      },
      received: ({ topic }) => this.#fail('protocol', `got a message on ${topic}`),
      released: () => undefined,
      brokePromise: (kind, text) => this.#fail(kind, text),
    });
  }

  /** Nothing is left to publish or to be acknowledged. */
  get isIdle(): boolean {
    return this.#timer === undefined && this.#errands.length === 0 && this.client.inFlight === 0;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#allowance = Math.min(this.#allowance + this.#perTick, burstMax);
      this.#pump();
    }, paceMilliseconds);
  }

  /** Publishes nothing more of its own accord; what is in flight goes on. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#allowance = 0;
  }

  publish(...messages: readonly Message[]): void {
    this.#errands.push(...messages);
    this.#pump();
  }

  [Symbol.dispose](): void {
    this.stop();
    this.client[Symbol.dispose]();
  }

  #pump(): void {
    const { client } = this;
    const window = Math.min(windowMax, client.receiveMax);
    while (client.isReady && client.inFlight < window) {
      const message = this.#take();
      if (message === undefined) break;
      message.sent = this.#ledger.clock.now();
      client.publish(message);
    }
    this.#watch.notify();
  }

  #take(): Message | undefined {
    const errand = this.#errands.shift();
    if (errand !== undefined) return errand;
    if (this.#allowance < 1) return undefined;
    this.#allowance--;
    return this.#next();
  }

  #fail(kind: Parameters<Ledger['fail']>[0], text: string): void {
    const { clientId } = this.client;
    this.#ledger.fail(kind, `${momentText(this.#ledger.clock.now())}: ${clientId}: ${text}`);
    this.#watch.notify();
  }
}
