/** A client of a run that subscribes, is away at times, and changes its mind about one topic. */

import type { Publish } from '../../src/packet/publish.ts';
import type { QoS } from '../../src/packet/version.ts';
import { type Moment, momentText } from './clock.ts';
import { Inbox } from './inbox.ts';
import { LastingClient, type PromiseKind, type SessionKind } from './lasting-client.ts';
import type { Ledger } from './ledger.ts';
import { type Message, storyOf } from './message.ts';
import type { PacketLog } from './packet-log.ts';
import { matches, type SubscriptionRecord } from './subscription-record.ts';
import type { Watch } from './watch.ts';

export interface SubscriberOptions {
  readonly clientId: string;
  readonly version: 4 | 5;
  readonly port: number;
  readonly ledger: Ledger;
  readonly watch: Watch;
  readonly log?: PacketLog | undefined;
  readonly session?: SessionKind;
}

export class Subscriber implements Disposable {
  readonly client: LastingClient;
  readonly inbox: Inbox;
  readonly #ledger: Ledger;
  readonly #watch: Watch;
  readonly #records: SubscriptionRecord[] = [];
  readonly #absences: [left: Moment, back: Moment | undefined][] = [];

  constructor({ ledger, watch, ...options }: SubscriberOptions) {
    this.#ledger = ledger;
    this.#watch = watch;
    this.inbox = new Inbox(ledger.clock);
    this.client = new LastingClient(options, {
      ready: () => watch.notify(),
      resent: () => undefined,
      answered: () => undefined,
      received: (publish, label) => this.#received(publish, label),
      released: () => watch.notify(),
      brokePromise: (kind, text) => this.#fail(kind, text),
    });
  }

  get name(): string {
    const { clientId, version } = this.client;
    return `${clientId} (MQTT ${version === 4 ? '3.1.1' : '5.0'})`;
  }

  [Symbol.dispose](): void {
    this.client[Symbol.dispose]();
  }

  leave(politely: boolean): void {
    this.#absences.push([this.#ledger.clock.now(), undefined]);
    if (politely) this.client.leave();
    else this.client.vanish();
  }

  come(): void {
    const absence = this.#absences.at(-1);
    if (absence !== undefined) absence[1] ??= this.#ledger.clock.now();
    this.client.come();
  }

  async subscribe(filter: string, qos: QoS): Promise<void> {
    const record: SubscriptionRecord = {
      ...{ filter, qos, requested: this.#ledger.clock.now() },
      ...{ granted: undefined, revoking: undefined, revoked: undefined },
    };
    this.#records.push(record);
    const reasonCode = await this.client.subscribe(filter, qos);
    record.granted = this.#ledger.clock.now();
    if (reasonCode !== qos) this.#fail('refusal', `SUBACK for ${filter} says ${reasonCode}`);
    this.#watch.notify();
  }

  /** Ends a subscription, or makes it; unless the last such wish is still without an answer. */
  toggle(filter: string, qos: QoS): void {
    const record = this.#records.findLast((one) => one.filter === filter);
    if (record === undefined || record.revoked !== undefined) void this.subscribe(filter, qos);
    else if (record.granted && !record.revoking) void this.#unsubscribe(record);
  }

  /** All lives of the subscription that matches: there is one filter for each topic. */
  recordsFor(topic: string): readonly SubscriptionRecord[] {
    return this.#records.filter(({ filter }) => matches(filter, topic));
  }

  /** For a failure: when it was not there to receive. */
  absencesText(since: Moment | undefined): string {
    const lately = this.#absences.filter(([, back]) => {
      return since !== undefined && (back === undefined || back.tick > since.tick);
    });
    if (lately.length === 0) return 'never away since';
    const spans = lately.map(([left, back]) => `${momentText(left)} to ${momentText(back)}`);
    return `away from ${spans.slice(0, 3).join(', from ')}${spans.length > 3 ? ', …' : ''}`;
  }

  async #unsubscribe(record: SubscriptionRecord): Promise<void> {
    record.revoking = this.#ledger.clock.now();
    const reasonCode = await this.client.unsubscribe(record.filter);
    record.revoked = this.#ledger.clock.now();
    // 0x11: the broker was stopped after it had ended the subscription, and before it said so.
    if (reasonCode >= 0x80) {
      this.#fail('refusal', `UNSUBACK for ${record.filter} says ${reasonCode}`);
    }
    this.#watch.notify();
  }

  #received(publish: Publish, label: string | undefined): void {
    const message = label === undefined ? undefined : this.#ledger.message(label);
    if (message === undefined) {
      const start = Buffer.from(publish.payload).toString('latin1', 0, 60);
      this.#fail('garbage', `got on ${publish.topic} what nobody published: ${start}`);
      return;
    }
    const overtaker = this.inbox.receive(publish, message);
    if (overtaker !== undefined) this.#failOrder(message, overtaker);
    this.#watch.notify();
  }

  #failOrder(message: Message, overtaker: Message): void {
    const { clock } = this.#ledger;
    const at = momentText(this.inbox.get(overtaker.label)?.first);
    const text = [
      `${this.name} got it only now, at ${momentText(clock.now())}, but at ${at}`,
      storyOf(overtaker),
      `it was ${this.absencesText(message.sent)}`,
    ].join('\n    ');
    this.#ledger.failMessage('order', message, text);
  }

  #fail(kind: PromiseKind | 'garbage', text: string): void {
    this.#ledger.fail(kind, `${momentText(this.#ledger.clock.now())}: ${this.name}: ${text}`);
    this.#watch.notify();
  }
}
