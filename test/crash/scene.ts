/** A broker on real files and a few clients, for a test that says itself what happens when. */

import assert from 'node:assert/strict';
import { BrokerProcess, type BrokerSettings, freePort } from './broker-process.ts';
import { Clock } from './clock.ts';
import { LastingClient, type SessionKind } from './lasting-client.ts';
import { type FailureKind, Ledger } from './ledger.ts';
import type { Message } from './message.ts';
import { Publisher } from './publisher.ts';
import { StateFolder } from './state-folder.ts';
import { Subscriber } from './subscriber.ts';
import { Watch } from './watch.ts';

export interface SceneOptions {
  /** Where the state is, instead of a folder of its own. */
  readonly stateFolder?: string;
}

export interface MessageOptions {
  readonly qos?: 1 | 2;
  readonly retain?: boolean;
  readonly bytes?: number;
}

/** Ample: these only keep a test from hanging. */
export const patienceSeconds = 20;

export class Scene implements AsyncDisposable {
  readonly ledger = new Ledger(new Clock());
  readonly watch = new Watch();
  readonly folders = new StateFolder();
  readonly #settings: BrokerSettings;
  readonly #clients: Disposable[] = [];
  readonly #brokers: BrokerProcess[] = [];
  #numbers = 0;

  static async open({ stateFolder }: SceneOptions = {}): Promise<Scene> {
    return new Scene(await freePort(), stateFolder);
  }

  private constructor(port: number, stateFolder: string | undefined) {
    const { folder } = this.folders;
    const state = stateFolder ?? this.folders.stateFolder;
    const settings = { port, folder, stateFolder: state, durability: 'sync' } as const;
    this.#settings = { ...settings, kind: 'pantala' };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client[Symbol.dispose]();
    for (const broker of this.#brokers) await broker[Symbol.asyncDispose]();
    this.folders[Symbol.dispose]();
  }

  /** A broker that listens. */
  async start(): Promise<BrokerProcess> {
    const broker = this.launch();
    await broker.listening();
    return broker;
  }

  /** A broker that may not come to listen. */
  launch(settings: Partial<BrokerSettings> = {}): BrokerProcess {
    const broker = new BrokerProcess({ ...this.#settings, ...settings });
    this.#brokers.push(broker);
    return broker;
  }

  publisher(clientId: string, version: 4 | 5 = 5): Publisher {
    const publisher = new Publisher({
      ...{ ...this.#shared(clientId), version, messagesPerSecond: 0 },
      next: () => {
        throw new Error('it has no pace');
      },
    });
    this.#clients.push(publisher);
    publisher.client.come();
    return publisher;
  }

  subscriber(clientId: string, session: SessionKind = 'lasting'): Subscriber {
    const subscriber = new Subscriber({ ...this.#shared(clientId), version: 5, session });
    this.#clients.push(subscriber);
    subscriber.come();
    return subscriber;
  }

  /** Takes over what session there is; garbage is a failure, any sound payload is welcome. */
  heir(clientId: string, take: (label: string) => void): LastingClient {
    const { ledger, watch } = this;
    const client = new LastingClient(
      { clientId, version: 5, port: this.#settings.port, session: 'inherited' },
      {
        ready: () => watch.notify(),
        resent: () => undefined,
        answered: () => undefined,
        received: ({ topic, payload }, label) => {
          if (label === undefined) ledger.fail('garbage', `${topic}: ${Buffer.from(payload)}`);
          else take(label);
          watch.notify();
        },
        released: () => undefined,
        brokePromise: (kind, text) => ledger.fail(kind, `${clientId}: ${text}`),
      },
    );
    this.#clients.push(client);
    client.come();
    return client;
  }

  message(publisher: Publisher, topic: string, options: MessageOptions = {}): Message {
    const { qos = 1, retain = false, bytes = 0 } = options;
    const { clientId } = publisher.client;
    const address = { publisher: clientId, number: ++this.#numbers, topic, qos, retain };
    return this.ledger.create(address, bytes);
  }

  /** Publishes, and waits until all is acknowledged or refused. */
  async publish(publisher: Publisher, ...messages: readonly Message[]): Promise<void> {
    publisher.publish(...messages);
    await this.until(() => publisher.isIdle, `${publisher.client.clientId} has all its answers`);
  }

  /** @throws StuckError when it does not come about in time that is ample */
  async until(isMet: () => boolean, what: string): Promise<void> {
    const stderr = () => this.#brokers.at(-1)?.stderr;
    await this.watch.until(isMet, patienceSeconds, () => `${what}; the broker wrote\n${stderr()}`);
  }

  /** A message goes through the broker, acknowledged at every step. */
  async assertServes(): Promise<void> {
    const reader = this.subscriber(`reader${++this.#numbers}`, 'clean');
    const writer = this.publisher(`writer${++this.#numbers}`);
    await reader.subscribe('probe', 1);
    const probe = this.message(writer, 'probe');
    await this.publish(writer, probe);
    await this.until(() => reader.inbox.has(probe.label), 'a message passes');
    reader.client.leave();
    writer.client.leave();
  }

  assertNoFailure(...ignored: readonly FailureKind[]): void {
    const failures = this.ledger.failures.filter(({ kind }) => !ignored.includes(kind));
    const lines = failures.slice(0, 5).map(({ kind, text }) => `${kind}: ${text}`);
    assert.equal(failures.length, 0, `\n${lines.join('\n')}`);
  }

  #shared(clientId: string) {
    const { ledger, watch } = this;
    return { clientId, ledger, watch, port: this.#settings.port };
  }
}
