/** A program that uses the client: it publishes, subscribes and reads, dies and begins anew. */

import { ClientError } from '../../../src/client/client-error.ts';
import type { ConnectOptions } from '../../../src/client/connect-options.ts';
import type { IncomingMessage } from '../../../src/client/incoming-message.ts';
import { MqttClient } from '../../../src/client/mqtt-client.ts';
import type { Subscription } from '../../../src/client/subscription.ts';
import type { Packet } from '../../../src/packet/packet.ts';
import type { QoS } from '../../../src/packet/version.ts';
import { matches } from '../../../src/topic/topic-filter.ts';
import { BrokenPromise } from '../broken-promise.ts';
import type { Ledger, Publication, ReaderRecord } from './ledger.ts';
import type { Machine } from './machine.ts';
import type { World } from './world.ts';

export interface ProgramOptions {
  readonly name: string;
  readonly connect: ConnectOptions;
  /** Whether the session on the server outlives the program. */
  readonly isPersistent: boolean;
}

interface Reader {
  readonly record: ReaderRecord;
  readonly kind: 'handler' | 'stream';
  /** Milliseconds that it takes for a message. */
  readonly milliseconds: number;
  subscription: Subscription | undefined;
}

const messagesMax = 10;

export class Program {
  readonly name: string;
  /** At rest: the server sends only what it has a subscription for. */
  isProbed = false;
  readonly #options: ProgramOptions;
  readonly #world: World;
  readonly #ledger: Ledger;
  // Promises of the present life that are not settled.
  #open = new Map<Promise<unknown>, string>();
  #readers: Reader[] = [];
  // Filters of readers that have ended, but which the session on the server may still have.
  #ended = new Set<string>();
  #machine!: Machine;
  #client!: MqttClient;
  #life = 0;
  #publishing = 0;
  #wasWiped = true;
  // What somebody has found out where nobody could be told.
  #broken: unknown;

  constructor(world: World, ledger: Ledger, options: ProgramOptions) {
    this.name = options.name;
    this.#world = world;
    this.#ledger = ledger;
    this.#options = options;
    this.#begin();
  }

  get isConnected(): boolean {
    return this.#client.isConnected;
  }

  get canAsk(): boolean {
    return this.#client.version === 5;
  }

  /** Whether nothing is on its way any more. */
  get isAtRest(): boolean {
    return this.isConnected && this.#open.size === 0 && this.#client.pendingMessages === 0;
  }

  /** What it waits for, for people. */
  get waitsFor(): string {
    return [...this.#open.values(), this.isConnected ? '' : 'a connection'].join(', ');
  }

  get readerCount(): number {
    return this.#readers.length;
  }

  /** Dies without a word, and begins anew. */
  crash(): void {
    this.#tell('dies');
    this.#world.kill(this.#machine);
    this.#ledger.publisherDied(this.#origin);
    this.#begin();
  }

  /** The server has lost all sessions. */
  serverForgot(): void {
    this.#wasWiped = true;
    this.#owedNothing();
  }

  publish(
    topic: string,
    qos: QoS,
    options: { isProbe?: boolean; signal?: AbortSignal } = {},
  ): void {
    const { isProbe = false, signal } = options;
    const publication = this.#ledger.publish(this.#origin, topic, qos, { isProbe });
    this.#tell(`publishes ${publication.key} to ${topic}`);
    const payload = `${publication.key} ${'x'.repeat(this.#world.random.below(isProbe ? 1 : 200))}`;
    if (qos > 0) this.#publishing++;
    const life = this.#life;
    const settled = () => {
      if (qos > 0 && life === this.#life) this.#publishing--;
    };
    const sent = this.#client.publish(topic, payload, { qos, signal });
    this.#watch(`the fate of ${publication.key}`, sent);
    sent.then(
      () => {
        settled();
        publication.state = 'acknowledged';
      },
      (error) => {
        settled();
        this.#mayFail(publication, error, signal);
      },
    );
  }

  subscribe(filter: string, qos: QoS): void {
    const { random } = this.#world;
    const kind = random.pick(['handler', 'stream'] as const);
    const milliseconds = random.chance(0.7) ? 0 : random.below(500);
    const record = this.#ledger.reader(this.name, filter, qos);
    const reader: Reader = { record, kind, milliseconds, subscription: undefined };
    this.#readers.push(reader);
    this.#tell(`subscribes to ${filter} at QoS ${qos}`);
    this.#attach(reader);
  }

  /** One of its readers ends. */
  unsubscribe(): void {
    const reader = this.#world.random.pick(this.#readers);
    this.#tell(`unsubscribes from ${reader.record.filter}`);
    this.#readers = this.#readers.filter((each) => each !== reader);
    reader.record.owedFrom = undefined;
    if (this.#options.isPersistent) this.#ended.add(reader.record.filter);
    this.#watch(`the end of ${reader.record.name}`, reader.subscription!.unsubscribe());
  }

  /** Asks another program; the answer may come, or not. */
  ask(topic: string, { timeout }: { timeout: number }): Promise<IncomingMessage> {
    const question = `${this.#origin}?${this.#ledger.next}`;
    const asked = this.#client.request(topic, question, { timeout });
    this.#watch(`the answer to ${question}`, asked);
    asked.then(
      (answer) => {
        if (answer.text() !== `re ${question}`)
          this.#fail('owed', `${answer.text()} to ${question}`);
      },
      (error) => this.#mustBeClientError(error),
    );
    return asked;
  }

  answer(filter: string): void {
    const subscription = this.#client.respond(filter, (request) => `re ${request.text()}`);
    subscription.granted.catch(() => {});
  }

  /** All is at rest: from now on the server has what it subscribes to. */
  noteRest(): void {
    for (const { record } of this.#readers) record.owedFrom ??= this.#ledger.next;
  }

  /** Leaves for good, or for a while: then the next life follows at once. */
  async leave(): Promise<void> {
    this.#tell('disconnects');
    const leaving = this.#client.disconnect();
    this.#watch('its disconnecting', leaving);
    await leaving.catch((error) => this.#mustBeClientError(error));
  }

  /** After `leave`. */
  beginAgain(): void {
    this.checkEnd();
    this.#begin();
  }

  /** Nothing that was promised is left open. */
  checkEnd(): void {
    for (const what of this.#open.values()) this.#fail('answers', `it still waits for ${what}`);
    this.check();
  }

  /** @throws BrokenPromise */
  check(): void {
    const { pendingMessages } = this.#client;
    if (pendingMessages < this.#publishing) {
      this.#fail('accounts', `${pendingMessages} pending of ${this.#publishing}`);
    }
    if (this.#broken !== undefined) throw this.#broken;
  }

  get #origin(): string {
    return `${this.name}.${this.#life}`;
  }

  #begin(): void {
    const { connect, name, isPersistent } = this.#options;
    this.#life++;
    this.#open = new Map();
    this.#publishing = 0;
    this.#machine = this.#world.machine();
    if (!isPersistent) this.#owedNothing();
    const options = { reconnect: { initially: true, delayMillisecondsMax: 5000 }, ...connect };
    const outbox = { messagesMax, ...connect.outbox };
    const observer = { packetReceived: (packet: Packet) => this.#received(packet) };
    const platform = this.#world.platform(this.#machine);
    this.#client = new MqttClient(
      'mqtt://broker',
      { clientId: name, ...options, outbox, observer },
      platform,
    );
    this.#listen(this.#client);
    this.#client.start().catch((error) => this.#mustBeClientError(error));
    // What the server may still have of an earlier life is subscribed to, and then given up.
    const leftovers = [...this.#ended].map((filter) => this.#client.subscribe(filter, () => {}));
    this.#ended.clear();
    for (const reader of this.#readers) {
      reader.record.beginLife();
      this.#attach(reader);
    }
    for (const leftover of leftovers) {
      this.#ended.add(leftover.filters[0]);
      leftover.granted.then(
        () => leftover.unsubscribe(),
        () => {},
      );
    }
  }

  /** @see isProbed */
  #received(packet: Packet): void {
    if (!this.isProbed || packet.type !== 'publish' || isQuestion(packet.topic)) return;
    const { topic } = packet;
    const isWanted = this.#readers.some(({ record }) => matches(record.filter, topic));
    if (!isWanted) this.#fail('owed', `the server still has a subscription for ${topic}`);
  }

  #listen(client: MqttClient): void {
    const life = this.#life;
    const isFirst = { isFirst: true };
    client.on('connected', ({ sessionPresent }) => {
      if (life !== this.#life) return;
      this.#tell(`is connected, session ${sessionPresent ? 'present' : 'new'}`);
      const mayBeNew = this.#wasWiped || (isFirst.isFirst && !this.#options.isPersistent);
      isFirst.isFirst = false;
      if (sessionPresent && this.#wasWiped) this.#ledger.mistaken(this.#origin);
      this.#wasWiped = false;
      if (!sessionPresent && !mayBeNew) this.#fail('sessions', 'the session was there, and is not');
      if (!sessionPresent) this.#owedNothing();
    });
    client.on('error', ({ error }) => this.#mustBeClientError(error));
    client.on('closed', ({ failure }) => {
      if (failure !== undefined) this.#fail('robustness', `the client has ended: ${failure}`);
    });
  }

  #owedNothing(): void {
    for (const { record } of this.#readers) record.owedFrom = undefined;
  }

  #attach(reader: Reader): void {
    const { record, kind, milliseconds } = reader;
    const { filter, qos } = record;
    const machine = this.#machine;
    const take = async (message: IncomingMessage): Promise<void> => {
      if (machine.isDead) return;
      this.#take(record, message);
      if (milliseconds > 0) await this.#world.sleep(machine, milliseconds);
    };
    const concurrency = milliseconds > 0 ? 3 : 1;
    const subscription =
      kind === 'handler'
        ? this.#client.subscribe(filter, take, { qos, concurrency })
        : this.#client.subscribe(filter, { qos });
    reader.subscription = subscription;
    if (kind === 'stream') void this.#read(subscription, take);
    this.#watch(`SUBACK for ${filter}`, subscription.granted);
    subscription.granted.then(
      () => {
        const isThere = !machine.isDead && this.#readers.includes(reader);
        if (isThere && !this.#wasWiped) record.owedFrom ??= this.#ledger.next;
      },
      (error) => this.#mustBeClientError(error),
    );
  }

  async #read(
    messages: AsyncIterable<IncomingMessage>,
    take: (message: IncomingMessage) => Promise<void>,
  ): Promise<void> {
    for await (const message of messages) await take(message);
  }

  #take(record: ReaderRecord, message: IncomingMessage): void {
    // Questions and answers are seen by those who want everything.
    if (isQuestion(message.topic)) return;
    try {
      const { key, number } = this.#ledger.arrived(record, message);
      this.#world.note(number);
      this.#tell(`gets ${key} from ${record.filter}${message.dup ? ', again' : ''}`);
    } catch (error) {
      this.#broken ??= error;
    }
  }

  #mayFail(publication: Publication, error: unknown, signal: AbortSignal | undefined): void {
    publication.state = 'failed';
    if (signal?.aborted && error === signal.reason) return;
    this.#mustBeClientError(error);
    this.#tell(`${publication.key} fails: ${error}`);
  }

  #mustBeClientError(error: unknown): void {
    if (error instanceof BrokenPromise) this.#broken ??= error;
    else if (!(error instanceof ClientError)) this.#fail('robustness', `an error: ${error}`);
  }

  #watch(what: string, promise: Promise<unknown>): void {
    const open = this.#open;
    open.set(promise, what);
    const settled = () => void open.delete(promise);
    promise.then(settled, settled);
  }

  #fail(promise: BrokenPromise['promise'], text: string): void {
    this.#broken ??= new BrokenPromise(promise, this.name, text);
  }

  #tell(text: string): void {
    this.#world.tell(this.name, text, this.#world.now);
  }
}

function isQuestion(topic: string): boolean {
  return topic === 'ask' || topic.startsWith('responses/');
}
