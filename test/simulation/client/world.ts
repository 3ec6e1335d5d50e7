/** Everything around the clients of a simulation: time, the network, and a broker with its store. */

import { Anonymous } from '../../../src/auth/anonymous.ts';
import { Broker } from '../../../src/broker/broker.ts';
import type { Store } from '../../../src/broker/ports.ts';
import { Calendar } from '../../../src/broker/state/calendar.ts';
import { recall } from '../../../src/broker/state/recall.ts';
import type { ClientPlatform } from '../../../src/client/ports.ts';
import type { Accept } from '../../../src/session/link.ts';
import { MemoryStore } from '../../../src/storage/memory.ts';
import { BrokenPromise } from '../broken-promise.ts';
import { Random } from '../random.ts';
import { Machine } from './machine.ts';
import { Wire } from './wire.ts';

export type Tell = (teller: string, text: string, now: number) => void;

interface Dial {
  readonly client: Machine;
  readonly accept: Accept;
  readonly dueAt: number;
  readonly outcome: PromiseWithResolvers<void>;
}

// Rounds in which something still moves, although nothing new was asked for.
const roundsMax = 20_000;

export class World {
  readonly random: Random;
  readonly tell: Tell;
  readonly #machines = new Set<Machine>();
  #now = 0;
  #wires: Wire[] = [];
  #dials: Dial[] = [];
  #turnEnds: { readonly machine: Machine; readonly call: () => void }[] = [];
  #store!: MemoryStore;
  // Whose commits the store answers.
  #storing!: Machine;
  #broker: { readonly machine: Machine; readonly accept: Accept } | undefined;
  #ids = 0;
  #hash = 0x811c9dc5;

  constructor(seed: number, tell: Tell) {
    this.random = new Random(seed);
    this.tell = tell;
    this.#forgetStore();
    this.startBroker();
  }

  get now(): number {
    return this.#now;
  }

  /** A hash of what has happened: equal runs have equal ones. */
  get fingerprint(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0');
  }

  note(value: number): void {
    this.#hash = Math.imul(this.#hash ^ value, 0x01000193);
  }

  machine(): Machine {
    const machine = new Machine();
    this.#machines.add(machine);
    return machine;
  }

  /** The machine dies, and its connections break. */
  kill(machine: Machine): void {
    machine.die();
    this.#machines.delete(machine);
    for (const wire of this.#wires) {
      if (wire.client === machine || wire.broker === machine) wire.break(this.#now);
    }
  }

  platform(machine: Machine): ClientPlatform {
    return {
      clock: { now: () => this.#now },
      date: () => this.#now,
      atEndOfTurn: (call) => this.#atEndOfTurn(machine, call),
      after: (milliseconds, call) => this.#after(machine, milliseconds, call),
      stop: () => {},
      random: () => this.random.below(2 ** 30) / 2 ** 30,
      open: (_server, accept, signal) => this.#open(machine, accept, signal),
    };
  }

  get hasBroker(): boolean {
    return this.#broker !== undefined;
  }

  /** @param options whether it has its sessions from before */
  async crashBroker({ forgets }: { forgets: boolean }): Promise<void> {
    this.tell('broker', forgets ? 'it crashes, and its store is lost' : 'it crashes', this.#now);
    const broker = this.#broker!;
    this.#broker = undefined;
    this.kill(broker.machine);
    if (forgets) this.#forgetStore();
    // Its last bytes may have reached clients.
    await new Promise<void>((done) => setImmediate(done));
  }

  startBroker(): void {
    const machine = this.machine();
    this.#storing = machine;
    const clock = { now: () => this.#now };
    // As good as any date; the clock goes on through restarts.
    const date = () => this.#now + 1_800_000_000_000;
    const broker = new Broker({
      gatekeeper: Anonymous.allowed(),
      systemTopicSeconds: 0,
      limits: { queuedMessagesMax: 0 },
      storage: {
        store: ofMachine(machine, this.#store),
        recalled: recall(this.#store.records, new Calendar(clock, date)),
      },
      host: {
        clock,
        date,
        atEndOfTurn: (call) => this.#atEndOfTurn(machine, call),
        wakeAt: (at) => {
          if (!machine.isDead) machine.wakeAt = at;
        },
        randomId: () => String(++this.#ids),
      },
    });
    machine.wake = (now) => broker.wake(now);
    this.#broker = { machine, accept: broker.listener().accept };
  }

  cutOne(): void {
    if (this.#wires.length > 0) this.random.pick(this.#wires).break(this.#now);
  }

  cutAll(): void {
    for (const wire of this.#wires) wire.break(this.#now);
  }

  stallOne(milliseconds: number): void {
    if (this.#wires.length > 0) this.random.pick(this.#wires).stall(this.#now + milliseconds);
  }

  heal(): void {
    for (const wire of this.#wires) wire.heal();
  }

  /** Resolves after that time, unless the machine dies. */
  sleep(machine: Machine, milliseconds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#after(machine, milliseconds, resolve);
    return promise;
  }

  /** Some bytes move, and turns end. */
  async rounds(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await this.#round({ all: false });
  }

  /** Lets time pass. `all`: what was sent arrives at once. */
  async advance(milliseconds: number, { all = false } = {}): Promise<void> {
    const end = this.#now + milliseconds;
    for (;;) {
      await (all ? this.#settle() : this.rounds(2));
      const next = this.#next();
      if (next > end) break;
      this.#now = Math.max(this.#now, next);
      for (const machine of [...this.#machines]) {
        if (machine.wakeAt > this.#now) continue;
        machine.wakeAt = Number.POSITIVE_INFINITY;
        machine.wake(this.#now);
      }
    }
    this.#now = end;
  }

  async #settle(): Promise<void> {
    let quiet = 0;
    for (let round = 0; quiet < 2; round++) {
      if (round === roundsMax) throw new BrokenPromise('robustness', undefined, 'no rest');
      quiet = (await this.#round({ all: true })) ? 0 : quiet + 1;
    }
  }

  /** @returns whether anything happened */
  async #round({ all }: { all: boolean }): Promise<boolean> {
    let moved = this.#answerDials();
    const first = this.random.below(this.#wires.length + 1);
    const wires = [...this.#wires.slice(first), ...this.#wires.slice(0, first)];
    for (const wire of wires) moved += wire.carry(this.#now, { all });
    this.#wires = this.#wires.filter((wire) => !wire.isOver);
    const turnEnds = this.#turnEnds;
    this.#turnEnds = [];
    for (const { machine, call } of turnEnds) if (!machine.isDead) call();
    this.note(moved);
    // All that follows in promises.
    await new Promise<void>((done) => setImmediate(done));
    return moved > 0 || turnEnds.length > 0;
  }

  #next(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { wakeAt } of this.#machines) next = Math.min(next, wakeAt);
    for (const { dueAt } of this.#dials) next = Math.min(next, dueAt);
    return next;
  }

  #atEndOfTurn(machine: Machine, call: () => void): void {
    this.#turnEnds.push({ machine, call });
  }

  /** Calls back after that time, unless the machine dies. @returns what takes it back */
  #after(machine: Machine, milliseconds: number, call: () => void): () => void {
    const timer = this.machine();
    const takeBack = () => void this.#machines.delete(timer);
    timer.wakeAt = this.#now + milliseconds;
    timer.wake = () => {
      takeBack();
      if (!machine.isDead) call();
    };
    return takeBack;
  }

  #open(client: Machine, accept: Accept, signal: AbortSignal): Promise<void> {
    const outcome = Promise.withResolvers<void>();
    const dial = { client, accept, dueAt: this.#now + this.random.below(50), outcome };
    const giveUp = () => {
      this.#dials = this.#dials.filter((each) => each !== dial);
      outcome.reject(signal.reason);
    };
    if (signal.aborted) giveUp();
    else this.#dials.push(dial);
    signal.addEventListener('abort', giveUp, { once: true });
    return outcome.promise;
  }

  #answerDials(): number {
    const due = this.#dials.filter(({ dueAt }) => dueAt <= this.#now);
    this.#dials = this.#dials.filter((dial) => !due.includes(dial));
    for (const { client, accept, outcome } of due) {
      const broker = this.#broker;
      if (client.isDead) continue;
      if (broker === undefined || this.random.chance(0.1)) {
        outcome.reject(new Error('nobody there'));
        continue;
      }
      const ends = { toClient: accept, toBroker: broker.accept };
      this.#wires.push(new Wire({ client, broker: broker.machine }, ends, this.random));
      outcome.resolve();
    }
    return due.length;
  }

  #forgetStore(): void {
    this.#store = new MemoryStore((answer) => {
      this.#turnEnds.push({ machine: this.#storing, call: answer });
    });
  }
}

/** What a dead process asks for does not reach the store. */
function ofMachine(machine: Machine, store: MemoryStore): Store {
  return {
    commit: (changes, done) => {
      if (!machine.isDead) store.commit(changes, done);
    },
    read: (from, to, answer) => {
      if (!machine.isDead) store.read(from, to, answer);
    },
  } as Store;
}
