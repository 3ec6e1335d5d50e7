/** One run: a broker, its clients, the network between them and the time, all from one seed. */

import { createHash } from 'node:crypto';
import { Broker, type BrokerOptions } from '../../src/broker/broker.ts';
import type { Answer, Gatekeeper, Observer } from '../../src/broker/ports.ts';
import { Calendar } from '../../src/broker/state/calendar.ts';
import { recall } from '../../src/broker/state/recall.ts';
import type { Packet } from '../../src/packet/packet.ts';
import type { Accept } from '../../src/session/link.ts';
import { checkEvent } from './account.ts';
import { BrokenPromise } from './broken-promise.ts';
import { type ConnectWish, Device } from './device.ts';
import type { Witness } from './device-connection.ts';
import { contentsOf } from './disk-contents.ts';
import { strikeOut } from './drop-check.ts';
import { Ledger } from './ledger.ts';
import { labelOf, type Publication } from './publication.ts';
import { Random } from './random.ts';
import { ReferenceBroker } from './reference-broker.ts';
import type { ReferenceConnection, Sent } from './reference-connection.ts';
import { take } from './reference-conversation.ts';
import type { ReferenceSession } from './reference-session.ts';
import { type Settings, settingsFrom, type Traits } from './settings.ts';
import { SimulatedDisk } from './simulated-disk.ts';
import { type LinkObserver, SimulatedLink } from './simulated-link.ts';
import { spoilFreeMemory } from './spoilt-memory.ts';
import { Wishes } from './wishes.ts';

// In one stretch of time: far more than all deadlines that there are.
const wakesMax = 10_000;
// In which a broker that ends has stored what it has to.
const endRoundsMax = 10_000;
// When the clock is at 0, in milliseconds since 1970.
const firstDate = Date.UTC(2026, 0, 1);

spoilFreeMemory();

export interface SimulationOptions {
  readonly createBroker?: ((options: BrokerOptions) => Broker) | undefined;
  /** Is told what happens, to whom, and when: the clock's milliseconds. */
  readonly tell?: ((clientId: string, text: string, now: number) => void) | undefined;
}

export class Simulation implements LinkObserver, Witness {
  readonly random: Random;
  readonly settings: Settings;
  readonly wishes: Wishes;
  readonly devices: Device[] = [];
  readonly reference: ReferenceBroker;
  readonly ledger: Ledger;
  /** Undefined where nothing is stored. */
  readonly disk: SimulatedDisk | undefined;
  readonly #createBroker: (options: BrokerOptions) => Broker;
  readonly #calendar: Calendar;
  #broker!: Broker;
  #accept!: Accept;
  readonly #tell: SimulationOptions['tell'];
  readonly #bytes = createHash('sha256');
  readonly #links = new Set<SimulatedLink>();
  readonly #lastSessions = new Map<string, ReferenceSession>();
  #verdicts: { readonly link: SimulatedLink; readonly answer: Answer }[] = [];
  #turnEnds: (() => void)[] = [];
  #now = 0;
  #linkCount = 0;
  #idCount = 0;
  // Whose bytes the broker is reading.
  #reading: SimulatedLink | undefined;

  constructor(seed: number, { createBroker, tell }: SimulationOptions = {}) {
    this.random = new Random(seed);
    this.settings = settingsFrom(this.random);
    this.wishes = new Wishes(this.random);
    const { limits, features, disk } = this.settings;
    const now = () => this.#now;
    const tellOutcome = (fault: unknown) => {
      if (fault !== undefined) this.reference.storeFails();
      else this.reference.storeRecovers();
    };
    this.disk = disk && new SimulatedDisk(disk, tellOutcome);
    this.#calendar = new Calendar({ now }, () => this.#date);
    const store = this.disk;
    this.reference = new ReferenceBroker({ now, store, ...limits, ...features });
    this.ledger = new Ledger(this.reference, limits, now);
    this.#tell = tell;
    this.#createBroker = createBroker ?? ((options) => new Broker(options));
    this.#event(() => this.#startBroker());
    for (const traits of this.settings.devices) this.add(traits);
  }

  get now(): number {
    return this.#now;
  }

  /** Connections that the broker has not seen the end of. */
  get links(): readonly SimulatedLink[] {
    return [...this.#links];
  }

  /** All bytes that went either way, in their order. */
  get fingerprint(): string {
    return this.#bytes.copy().digest('hex').slice(0, 16);
  }

  add(traits: Traits): Device {
    const device = new Device(traits, this.random, this);
    this.devices.push(device);
    return device;
  }

  connect(device: Device, wish: ConnectWish): void {
    const link = new SimulatedLink(++this.#linkCount, this.settings.linkBytes, this);
    this.#links.add(link);
    this.reference.open(link, device.traits.clientId);
    this.#event(() => {
      link.receiver = this.#accept(link);
    });
    device.connect(link, wish, this.#now);
  }

  /** @returns whether anything moved */
  carryUp(link: SimulatedLink, bytesMax: number): boolean {
    return this.#event(() => link.carryUp(bytesMax));
  }

  /** @returns whether anything moved */
  carryDown(link: SimulatedLink, bytesMax: number): boolean {
    return this.#event(() => link.carryDown(bytesMax));
  }

  /** The gatekeeper makes up its mind. @returns whether there was anything to decide */
  decide(): boolean {
    const verdicts = this.#verdicts;
    this.#verdicts = [];
    for (const { link, answer } of verdicts) {
      this.#event(() => {
        this.#reading = link;
        if (this.#isWaiting(link)) this.reference.accept(this.reference.connection(link));
        answer({ type: 'accept' });
      });
    }
    return verdicts.length > 0;
  }

  /** @returns whether the broker had left anything for the end of the turn */
  endTurn(): boolean {
    const turnEnds = this.#turnEnds;
    this.#turnEnds = [];
    for (const flush of turnEnds) this.#event(flush);
    return turnEnds.length > 0;
  }

  /** Time passes, and the broker is woken whenever it has something to do. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    let wakes = 0;
    for (let next = this.#broker.nextDeadline; next !== undefined && next < end; ) {
      if (++wakes > wakesMax) throw new BrokenPromise('robustness', undefined, 'it never sleeps');
      this.#wakeAt(Math.max(this.#now, next));
      next = this.#broker.nextDeadline;
    }
    this.#wakeAt(end);
  }

  /** The clock jumps: the broker is woken once, after all that was due. */
  jump(milliseconds: number): void {
    this.#wakeAt(this.#now + milliseconds);
  }

  /** The disk goes on, as fast as it likes. */
  workDisk(): void {
    for (const answer of this.disk?.work(this.random) ?? []) this.#event(answer);
  }

  /** The disk goes on with all that it was asked. @returns whether there was anything */
  hurryDisk(): boolean {
    const isBusy = this.disk?.isBusy ?? false;
    for (const answer of this.disk?.hurry(this.random) ?? []) this.#event(answer);
    return isBusy;
  }

  /** Nothing is wrong with the disk any more. */
  mendDisk(): void {
    if (this.disk === undefined) return;
    this.disk.isFull = false;
    this.disk.isSlow = false;
  }

  /** The broker is gone from one moment to the next, and another takes its place. */
  crash(): void {
    this.tell('broker', () => 'it crashes');
    this.#breakOff();
    this.disk!.breakOff(this.random);
    this.#recover(false);
  }

  /** The broker ends as it should, and another takes its place. */
  restart(): void {
    const disk = this.disk!;
    this.tell('broker', () => 'it is restarted');
    let isStored = false;
    this.shutDown(() => {
      isStored = true;
    });
    for (let rounds = 0; !isStored; rounds++) {
      if (rounds > endRoundsMax) throw new BrokenPromise('robustness', undefined, 'it never ends');
      this.endTurn();
      this.workDisk();
    }
    const isExact = !this.reference.isStoreFailing;
    this.#breakOff();
    disk.breakOff(this.random);
    this.#recover(isExact);
  }

  shutDown(stored?: () => void): void {
    this.#event(() => {
      this.reference.beginShutDown();
      for (const connection of this.reference.connections) {
        this.reference.end(connection, 'shut down');
      }
      this.#broker.shutDown(stored);
    });
  }

  tell(clientId: string, text: () => string): void {
    this.#tell?.(clientId, text(), this.#now);
  }

  carried(link: SimulatedLink, direction: 'up' | 'down', bytes: Uint8Array): void {
    this.#bytes.update(`${direction}${link.number}:`).update(bytes);
    if (direction === 'down') return;
    this.#reading = link;
    this.reference.connection(link).arrive(bytes, this.#now);
  }

  closing(link: SimulatedLink): void {
    if (!this.#links.has(link)) return;
    const { ended, clientId } = this.reference.connection(link);
    if (ended !== undefined) return;
    throw new BrokenPromise('wellBehaved', clientId, 'the broker closes its connection');
  }

  over(link: SimulatedLink): void {
    this.#links.delete(link);
    this.reference.over(link);
  }

  arrived(link: SimulatedLink, packet: Packet): Sent {
    return this.ledger.arrived(this.reference.connection(link), packet);
  }

  isSameSession(link: SimulatedLink): boolean {
    const { clientId, session } = this.reference.connection(link);
    const isSame = this.#lastSessions.get(clientId) === session;
    this.#lastSessions.set(clientId, session!);
    return isSame;
  }

  mayRefuse(link: SimulatedLink): boolean {
    const { session, ended, isAwaitingConnack } = this.reference.connection(link);
    return ended !== undefined && (session === undefined || isAwaitingConnack);
  }

  get #date(): number {
    return this.#now + firstDate;
  }

  #startBroker(): void {
    const { limits, features, systemTopicSeconds } = this.settings;
    const clock = { now: () => this.#now };
    const store = this.disk;
    this.#broker = this.#createBroker({
      ...(store && { storage: { store, recalled: recall(store.records, this.#calendar) } }),
      host: {
        clock,
        atEndOfTurn: (flush) => this.#turnEnds.push(flush),
        wakeAt: () => {},
        randomId: () => String(++this.#idCount),
        date: () => this.#date,
      },
      gatekeeper: this.#gatekeeper(),
      observer: this.#observer(),
      limits,
      features,
      systemTopicSeconds,
    });
    this.#accept = this.#broker.listener().accept;
  }

  /** The broker is not there any more: nothing reaches it, and nothing comes from it. */
  #breakOff(): void {
    this.reference.breakOff();
    this.#verdicts = [];
    this.#turnEnds = [];
    for (const link of this.links) link.cut(this.random.pick([0, 10, 100, 1_000_000]));
  }

  #recover(isExact: boolean): void {
    const contents = contentsOf(this.disk!, this.#calendar, this.#now);
    if (isExact && !contents.hasEnded) {
      throw new BrokenPromise('durable', undefined, 'the disk does not say that the broker ended');
    }
    const calendar = this.#calendar;
    const recovery = {
      contents,
      isExact,
      calendar,
      now: this.#now,
      forgotten: new Set<Publication>(),
    };
    this.reference.recover(recovery);
    this.#event(() => this.#startBroker());
    this.#wakeAt(this.#now);
  }

  #isWaiting(link: SimulatedLink): boolean {
    return this.#links.has(link) && this.reference.connection(link).ended === undefined;
  }

  #wakeAt(now: number): void {
    this.#now = now;
    this.#event(() => {
      this.reference.wake();
      this.#broker.wake(now);
    });
  }

  /** Something that the broker may answer to, and all that must hold afterwards. */
  #event<T>(happen: () => T): T {
    try {
      const result = happen();
      checkEvent(this.reference, this.settings.limits, this.#now);
      return result;
    } catch (error) {
      if (error instanceof BrokenPromise) throw error;
      const text = error instanceof Error ? error.stack : String(error);
      throw new BrokenPromise('robustness', undefined, `an exception leaves the broker: ${text}`);
    }
  }

  /** Whose packet the broker reads: perhaps one that had to wait for the next turn. */
  #reader(clientId: string | undefined): ReferenceConnection {
    const session = clientId === undefined ? undefined : this.reference.session(clientId);
    return session?.connection ?? this.reference.connection(this.#reading!);
  }

  #gatekeeper(): Gatekeeper {
    return {
      admit: ({ peer }, answer) => {
        const link = this.links.find((each) => each.peer === peer)!;
        this.#verdicts.push({ link, answer });
      },
      reauthenticate: (_request, answer) => answer({ type: 'accept' }),
      mayPublish: () => 0,
      maySubscribe: () => 0,
    };
  }

  #observer(): Observer {
    return {
      clientDisconnected: ({ client, cause, message }) => {
        if (cause === 'keep-alive timeout') this.reference.foundSilent(client.clientId);
        this.tell(client.clientId, () => `the broker ends its connection: ${cause}, ${message}`);
      },
      packetReceived: (clientId, packet) => {
        const connection = this.#reader(clientId);
        const arrived = connection.takeNext(this.#now);
        this.tell(connection.clientId, () => `the broker reads ${textOf(packet)}`);
        if (arrived?.type === packet.type) return take(this.reference, connection, arrived);
        const message = `reads ${packet.type} where ${arrived?.type} arrived`;
        throw new BrokenPromise('wire', connection.clientId, message);
      },
      storeFailed: ({ code }) => this.tell('broker', () => `the store fails: ${code}`),
      storeRecovered: () => this.tell('broker', () => 'the store takes something again'),
      packetSent: (clientId, packet) => {
        this.tell(clientId!, () => `the broker sends ${textOf(packet)}`);
        this.ledger.sent(clientId!, structuredClone(packet));
      },
      messageDropped: (clientId, { topic, payload }, qos, cause) => {
        const label = labelOf(topic, payload);
        this.tell(clientId, () => `the broker drops ${label} of QoS ${qos} to ${topic}: ${cause}`);
        const drop = { clientId, label, topic, qos, cause };
        strikeOut(drop, this.reference, { limits: this.settings.limits, now: this.#now });
      },
    };
  }
}

/** A packet in one line. */
function textOf(packet: Packet): string {
  return JSON.stringify(packet, (key, value) => {
    if (value instanceof Uint8Array) {
      const text = Buffer.from(value).toString('latin1');
      return text.length > 24 ? `${text.slice(0, 12)}… (${text.length})` : text;
    }
    return key === 'type' || value === false ? undefined : value;
  }).replace('{', `${packet.type} {`);
}
