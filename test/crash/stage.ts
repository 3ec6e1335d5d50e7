/** The clients of a run, who subscribes to what, and what is published. */

import type { QoS } from '../../src/packet/version.ts';
import type { Random } from '../simulation/random.ts';
import type { Ledger } from './ledger.ts';
import type { Message } from './message.ts';
import type { PacketLog } from './packet-log.ts';
import { Publisher } from './publisher.ts';
import { Subscriber } from './subscriber.ts';
import { type Watch, within } from './watch.ts';

export interface StageOptions {
  readonly publishers: number;
  readonly subscribers: number;
  readonly messagesPerSecond: number;
  readonly port: number;
  readonly random: Random;
  readonly ledger: Ledger;
  readonly watch: Watch;
  readonly log: PacketLog | undefined;
}

const groups = 3;
/** Everybody subscribes to it; what comes on it comes last. */
const fenceTopic = 'fence';
const setUpSecondsMax = 30;

export class Stage implements Disposable {
  readonly publishers: readonly Publisher[];
  readonly subscribers: readonly Subscriber[];
  readonly #options: StageOptions;
  readonly #numbers: number[];

  constructor(options: StageOptions) {
    this.#options = options;
    this.#numbers = new Array(options.publishers).fill(0);
    this.publishers = this.#numbers.map((_, p) => {
      const clientId = `p${p}`;
      const next = () => this.#nextMessage(p);
      return new Publisher({ ...options, clientId, version: versionOf(p), next });
    });
    this.subscribers = Array.from({ length: options.subscribers }, (_, s) => {
      return new Subscriber({ ...options, clientId: `s${s}`, version: versionOf(s + 1) });
    });
  }

  /** The topics that retain; no two publishers share one, so that the last message is known. */
  get retainedTopics(): readonly string[] {
    return this.publishers.flatMap((_, p) => [keptTopic(p, 1), keptTopic(p, 2), mixedTopic(p)]);
  }

  [Symbol.dispose](): void {
    for (const one of [...this.publishers, ...this.subscribers]) one[Symbol.dispose]();
  }

  /** Connects everybody, and subscribes for good. */
  async setUp(): Promise<void> {
    this.gather();
    for (const { client } of this.publishers) client.come();
    const wishes = this.subscribers.flatMap((subscriber, s) => {
      return lastingFilters(s).map((filter) => subscriber.subscribe(filter, wantedQos(s)));
    });
    const everybody = this.#options.watch.until(
      () => this.isComplete,
      setUpSecondsMax,
      () => 'everybody is connected at the start',
    );
    const answers = within(Promise.all(wishes), setUpSecondsMax, () => 'SUBACKs at the start');
    await Promise.all([everybody, answers]);
  }

  get isComplete(): boolean {
    return [...this.publishers, ...this.subscribers].every(({ client }) => client.isReady);
  }

  gather(): void {
    for (const subscriber of this.subscribers) subscriber.come();
  }

  /** Some leave, some come back, some change their mind. */
  shuffle(): void {
    const { random } = this.#options;
    this.subscribers.forEach((subscriber, s) => {
      if (!subscriber.client.isPresent) {
        if (random.chance(0.5)) subscriber.come();
      } else if (random.chance(0.2)) {
        subscriber.leave(random.chance(0.5));
      }
      if (random.chance(0.3)) subscriber.toggle(toggledTopic(s), wantedQos(s));
    });
  }

  /** The connections of some break. */
  cutSome(probability: number): void {
    const { random } = this.#options;
    for (const { client } of [...this.publishers, ...this.subscribers]) {
      if (random.chance(probability)) client.cut();
    }
  }

  /** Everybody publishes once more on every topic that does not retain. */
  publishLastRound(): void {
    const topics = [
      ...this.subscribers.flatMap((_, s) => [ownTopic(s), toggledTopic(s)]),
      ...Array.from({ length: groups }, (_, group) => groupTopic(group)),
      'all',
    ];
    this.publishers.forEach((publisher, p) => {
      const messages = topics.flatMap((topic) => [
        this.#create(p, topic, 1, false),
        this.#create(p, topic, 2, false),
      ]);
      publisher.publish(...messages);
    });
  }

  publishFence(): readonly Message[] {
    const fence = [this.#create(0, fenceTopic, 1, false), this.#create(0, fenceTopic, 2, false)];
    this.publishers[0].publish(...fence);
    return fence;
  }

  #nextMessage(p: number): Message {
    const { random } = this.#options;
    const s = random.below(this.subscribers.length);
    const qos = random.pick([1, 2] as const);
    const { kind } = random.pickWeighted(topicKinds);
    switch (kind) {
      case 'own':
        return this.#create(p, ownTopic(s), qos, false);
      case 'group':
        return this.#create(p, groupTopic(s % groups), qos, false);
      case 'all':
        return this.#create(p, 'all', qos, false);
      case 'toggled':
        return this.#create(p, toggledTopic(s), qos, false);
      case 'mixed':
        return this.#create(p, mixedTopic(p), mixedQos(p), true);
      case 'kept':
        return this.#create(p, keptTopic(p, qos), qos, true);
      case 'removal':
        return this.#options.ledger.createRemoval(this.#address(p, keptTopic(p, qos), qos));
    }
  }

  #create(p: number, topic: string, qos: 1 | 2, retain: boolean): Message {
    const { random, ledger } = this.#options;
    const { bytes } = random.pickWeighted(sizes);
    return ledger.create({ ...this.#address(p, topic, qos), retain }, random.below(bytes));
  }

  #address(p: number, topic: string, qos: 1 | 2) {
    return { publisher: `p${p}`, number: ++this.#numbers[p], topic, qos };
  }
}

const topicKinds = [
  { kind: 'own', weight: 30 },
  { kind: 'group', weight: 20 },
  { kind: 'all', weight: 10 },
  { kind: 'toggled', weight: 20 },
  { kind: 'mixed', weight: 8 },
  { kind: 'kept', weight: 10 },
  { kind: 'removal', weight: 2 },
] as const;

const sizes = [
  { bytes: 100, weight: 80 },
  { bytes: 2_000, weight: 17 },
  { bytes: 20_000, weight: 3 },
];

/** Every third client speaks MQTT 3.1.1. */
function versionOf(index: number): 4 | 5 {
  return index % 3 === 2 ? 4 : 5;
}

/** Every third subscriber wants no more than QoS 1. */
function wantedQos(s: number): QoS {
  return s % 3 === 2 ? 1 : 2;
}

function lastingFilters(s: number): readonly string[] {
  const filters = [`own/${s}/#`, groupTopic(s % groups), 'all', fenceTopic];
  return s === 0 ? [...filters, 'mixed/#'] : filters;
}

function ownTopic(s: number): string {
  return `own/${s}/for/you`;
}

function groupTopic(group: number): string {
  return `group/${group}`;
}

function toggledTopic(s: number): string {
  return `toggled/${s}`;
}

/** Retained, and subscribed to as well. One QoS, as there is no order between two. */
function mixedTopic(p: number): string {
  return `mixed/${p}`;
}

function mixedQos(p: number): 1 | 2 {
  return p % 2 === 0 ? 1 : 2;
}

/** Retained and at times removed; nobody subscribes to it before the end. */
function keptTopic(p: number, qos: 1 | 2): string {
  return `kept/${p}/${qos}`;
}
