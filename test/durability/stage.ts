/** A broker with a store, that may crash or end, and begin again later on what is left. */

import assert from 'node:assert/strict';
import { Anonymous } from '../../src/auth/anonymous.ts';
import { Broker, type BrokerOptions } from '../../src/broker/broker.ts';
import type { ListenerOptions } from '../../src/broker/listener.ts';
import { Calendar } from '../../src/broker/state/calendar.ts';
import { recall } from '../../src/broker/state/recall.ts';
import type { ProtocolVersion } from '../../src/packet/version.ts';
import type { Accept } from '../../src/session/link.ts';
import { MemoryLink } from '../../src/transport/memory.ts';
import { HeldStore } from '../harness/held-store.ts';
import { type ConnectOptions, type TestBroker, TestClient } from '../harness/test-broker.ts';

export type StageOptions = Partial<Omit<BrokerOptions, 'host' | 'storage'>> & {
  readonly keepsPromises?: boolean;
  readonly listener?: ListenerOptions;
};

/** What a broker begins on. */
interface Past {
  readonly store: HeldStore;
  /** Milliseconds since 1970. */
  readonly date: number;
}

const firstDate = Date.UTC(2026, 0, 1);
// The clock of a process begins anywhere.
const firstNow = 5000;
const momentMilliseconds = 10;

/** As `TestBroker`, on which it would be an improvement to have the date begin where one likes. */
export class Stage {
  readonly broker: Broker;
  readonly store: HeldStore;
  /** What the observer was told, as short text. */
  readonly events: string[] = [];
  readonly #options: StageOptions;
  readonly #date: number;
  readonly #links: MemoryLink[] = [];
  #clients: TestClient[] = [];
  #now = firstNow;
  #later: (() => void)[] = [];
  #isOver = false;

  constructor(options: StageOptions = {}, past?: Past) {
    this.#options = options;
    this.#date = past?.date ?? firstDate;
    const later = (callback: () => void) => {
      if (!this.#isOver) this.#later.push(callback);
    };
    this.store = new HeldStore(later, past?.store);
    const clock = { now: () => this.#now };
    const date = () => this.#date + this.#now - firstNow;
    const recalled = recall(this.store.records, new Calendar(clock, date));
    const { keepsPromises, listener, ...brokerOptions } = options;
    this.broker = new Broker({
      gatekeeper: Anonymous.allowed(),
      systemTopicSeconds: 0,
      observer: this.#observer(),
      ...brokerOptions,
      storage: { store: this.store, recalled, keepsPromises },
      host: { clock, atEndOfTurn: later, wakeAt: () => {}, randomId: () => 'random', date },
    });
    this.accept = this.broker.listener(listener).accept;
  }

  readonly accept: Accept;

  /** A link to the broker; the test carries its bytes by `settle` or `step`. */
  link(): { readonly near: MemoryLink; readonly far: MemoryLink } {
    const [near, far] = MemoryLink.pair(['memory:broker', 'memory:client']);
    far.receiver = this.accept(far);
    this.#links.push(near, far);
    return { near, far };
  }

  open(version: ProtocolVersion = 5): TestClient {
    const [near, far] = MemoryLink.pair(['memory:broker', 'memory:client']);
    // All that a client wants of its broker is `settle`.
    const client = new TestClient(near, this as unknown as TestBroker, version);
    far.receiver = this.accept(far);
    client.far = far;
    this.#clients.push(client);
    return client;
  }

  /** A client whose session outlives its connection, with its CONNACK. */
  async durable(clientId: string, options: ConnectOptions = {}): Promise<TestClient> {
    return (await this.comeIn(clientId, options)).client;
  }

  /** The same, with what CONNACK says of its session. */
  async comeIn(clientId: string, options: ConnectOptions = {}) {
    const { version = 5 } = options;
    const client = this.open(version);
    const lasting = { ...durable, ...(version === 5 ? {} : { properties: undefined }) };
    const connack = await client.connect(clientId, { ...lasting, ...options });
    assert.equal(connack?.type, 'connack', 'the broker answers CONNECT with CONNACK');
    assert.equal(connack.reasonCode, 0, `CONNACK for ${clientId}`);
    return { client, isPresent: connack.sessionPresent };
  }

  /** A client whose session ends with its connection. */
  async passing(clientId: string, options: ConnectOptions = {}): Promise<TestClient> {
    return await this.durable(clientId, { cleanStart: true, properties: undefined, ...options });
  }

  async advance(seconds: number): Promise<void> {
    const end = this.#now + seconds * 1000;
    for (let next = this.broker.nextDeadline; next !== undefined && next <= end; ) {
      this.#now = Math.max(this.#now, next);
      this.broker.wake(this.#now);
      await this.settle();
      next = this.broker.nextDeadline;
    }
    this.#now = end;
    await this.settle();
  }

  /** Carries bytes and ends turns until nothing moves any more. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 3; ) {
      let moved = 0;
      for (const client of this.#clients) moved += client.carry();
      for (const link of this.#links) moved += link.deliver();
      const ended = this.endTurn();
      await Promise.resolve();
      quiet = moved === 0 && !ended ? quiet + 1 : 0;
    }
    this.#clients = this.#clients.filter((client) => !client.isClosed);
  }

  /** @returns false when there was nothing to do */
  endTurn(): boolean {
    const later = this.#later;
    this.#later = [];
    for (const callback of later) callback();
    return later.length > 0;
  }

  /**
   * Moves one thing on: what a link brings, the end of a turn, a commit, or the clock a little.
   *
   * @returns false when there was nothing to do
   */
  async step(): Promise<boolean> {
    // The gatekeeper may have something to say.
    await Promise.resolve();
    for (const link of this.#links) if (link.deliver() > 0) return true;
    return this.endTurn() || this.store.commitNext() || this.#wakeSoon();
  }

  /** Does what is due within a moment. */
  #wakeSoon(): boolean {
    const next = this.broker.nextDeadline;
    if (next === undefined || next > this.#now + momentMilliseconds) return false;
    this.#now = Math.max(this.#now, next);
    this.broker.wake(this.#now);
    return true;
  }

  /** The process is gone; another begins. */
  crash(downSeconds = 0, options = this.#options): Stage {
    this.#isOver = true;
    this.#later = [];
    const date = this.#date + this.#now - firstNow + downSeconds * 1000;
    return new Stage(options, { store: this.store, date });
  }

  /** Ends as it should, and begins again. */
  async restart(downSeconds = 0, options = this.#options): Promise<Stage> {
    let isStored = false;
    this.broker.shutDown(() => {
      isStored = true;
    });
    await this.settle();
    assert.ok(isStored, 'the broker has stored what is to outlive it');
    return this.crash(downSeconds, options);
  }

  #observer(): BrokerOptions['observer'] {
    const { events } = this;
    return {
      storeFailed: ({ code }) => events.push(`failed ${code}`),
      storeRecovered: () => events.push('recovered'),
      messagesUnreadable: (clientId, count) => events.push(`${count} unreadable for ${clientId}`),
      messageDropped: (clientId, { topic }, qos, cause) =>
        events.push(`dropped ${topic} q${qos} for ${clientId}: ${cause}`),
      sessionExpired: (clientId) => events.push(`expired ${clientId}`),
    };
  }
}

/** A session that stays for a day. */
export const durable = {
  cleanStart: false,
  properties: { sessionExpiryInterval: 86_400 },
} as const;
