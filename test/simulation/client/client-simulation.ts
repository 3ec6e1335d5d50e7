/** Some programs, one broker and a bad network: what happens to them, all from one seed. */

import type { ConnectOptions } from '../../../src/client/connect-options.ts';
import type { QoS } from '../../../src/packet/version.ts';
import { BrokenPromise } from '../broken-promise.ts';
import type { Random } from '../random.ts';
import { Ledger } from './ledger.ts';
import { Program } from './program.ts';
import { type Tell, World } from './world.ts';

// Those of MQTT 3.1.1 name no subscription with a message: their filters do not overlap.
const filters = ['a/+', 'b/#', 'c', '#', 'a/1', '+/1'] as const;
const disjoint = ['a/+', 'b/#', 'c'] as const;
const topics = ['a/1', 'a/2', 'b/1', 'c'] as const;
const readersMax = 6;

// How long everything may take to come to rest once nothing is in the way.
const restMilliseconds = 120_000;

// When nothing arrives for so long, nothing will.
const quietMilliseconds = 5000;

interface Step {
  readonly weight: number;
  readonly take: (simulation: ClientSimulation) => void | Promise<void>;
}

export class ClientSimulation {
  readonly world: World;
  readonly programs: Program[] = [];
  readonly #ledger = new Ledger();
  readonly #filters = new Map<Program, readonly string[]>();

  constructor(seed: number, tell: Tell) {
    this.world = new World(seed, tell);
    const count = this.random.between(2, 4);
    for (let i = 0; i < count; i++) this.#begin(`p${i}`);
    this.programs[0].answer('ask');
  }

  get random(): Random {
    return this.world.random;
  }

  async step(): Promise<void> {
    await this.random.pickWeighted(steps).take(this);
    await this.world.rounds(this.random.below(8));
    for (const program of this.programs) program.check();
  }

  program(): Program {
    return this.random.pick(this.programs);
  }

  publishSome(): void {
    const program = this.program();
    const topic = this.random.pick(topics);
    for (let left = this.random.between(1, 6); left > 0; left--)
      program.publish(topic, this.#qos());
  }

  /** One that may be taken back. */
  publishAndMaybeNot(): void {
    const controller = new AbortController();
    this.program().publish(this.random.pick(topics), this.#qos(), { signal: controller.signal });
    if (this.random.chance(0.5)) controller.abort();
    else
      void this.world
        .sleep(this.world.machine(), this.random.below(100))
        .then(() => controller.abort());
  }

  subscribe(): void {
    const program = this.program();
    if (program.readerCount >= readersMax) return;
    program.subscribe(this.random.pick(this.#filters.get(program)!), this.random.pick([1, 2]));
  }

  unsubscribe(): void {
    const program = this.program();
    if (program.readerCount > 0) program.unsubscribe();
  }

  ask(): void {
    const program = this.program();
    if (program.canAsk) program.ask('ask', { timeout: 20_000 }).catch(() => {});
  }

  crashProgram(): void {
    const program = this.program();
    program.crash();
    if (program === this.programs[0]) program.answer('ask');
  }

  async restartBroker(): Promise<void> {
    const forgets = this.random.chance(0.4);
    if (this.random.chance(0.5)) {
      for (const program of this.programs) program.publish('a/1', 2);
      await this.world.rounds(this.random.below(12));
    }
    this.#ledger.serverCrashed();
    await this.world.crashBroker({ forgets });
    if (forgets) for (const program of this.programs) program.serverForgot();
    await this.world.advance(this.random.below(3000));
    this.world.startBroker();
    if (this.random.chance(0.5)) return;
    // Before everybody has heard from it, or just then.
    await this.world.advance(this.random.below(2000));
    this.world.cutAll();
  }

  /** Everything heals, and what is on its way arrives. */
  async rest(): Promise<void> {
    this.world.heal();
    const end = this.world.now + restMilliseconds;
    while (!this.programs.every(({ isAtRest }) => isAtRest)) {
      if (this.world.now >= end) this.#noRest();
      await this.world.advance(500, { all: true });
    }
    // Readers that take their time, for whom the server has more.
    for (let arrivals = -1; arrivals !== this.#ledger.arrivals; ) {
      arrivals = this.#ledger.arrivals;
      await this.world.advance(quietMilliseconds, { all: true });
    }
    for (const program of this.programs) program.check();
    this.#ledger.check();
    for (const program of this.programs) program.noteRest();
  }

  /** At rest, each message arrives where it should, once. */
  async probe(): Promise<void> {
    for (const topic of topics) {
      for (const qos of [0, 1, 2] as const) this.program().publish(topic, qos, { isProbe: true });
    }
    for (const program of this.programs) program.isProbed = true;
    const asking = this.programs
      .find(({ canAsk }) => canAsk)
      ?.ask('ask', {
        timeout: restMilliseconds,
      });
    let answered = asking === undefined || !this.programs[0].canAsk;
    asking?.then(
      () => {
        answered = true;
      },
      () => {},
    );
    await this.rest();
    for (const program of this.programs) program.isProbed = false;
    if (!answered) throw new BrokenPromise('answers', undefined, 'a question has no answer');
  }

  /** All disconnect; nothing is left open. */
  async end(): Promise<void> {
    const leaving = Promise.all(this.programs.map((program) => program.leave()));
    await this.world.advance(20_000, { all: true });
    for (const program of this.programs) program.checkEnd();
    await leaving;
  }

  #begin(name: string): void {
    const version = this.random.pick([4, 5, 5] as const);
    const isPersistent = version === 4 || this.random.chance(0.5);
    const connect: ConnectOptions = {
      version,
      keepAliveSeconds: this.random.pick([2, 10, 60]),
      receiveMaximum: this.random.pick([1, 3, 100]),
      ...(isPersistent && { sessionExpirySeconds: 86_400 }),
      outbox: { whenFull: this.random.pick(['wait', 'reject', 'drop oldest'] as const) },
      limits: {
        inboxMessagesMax: this.random.pick([1, 5, 1000]),
        inflightMessagesMax: this.random.pick([1, 5, 100]),
        // Answers to an earlier life are claimed by nobody, and are not to last longer than a rest.
        unclaimedSeconds: 1,
        topicAliasesMax: this.random.pick([0, 2]),
      },
    };
    const program = new Program(this.world, this.#ledger, { name, connect, isPersistent });
    this.programs.push(program);
    const own = version === 4 ? disjoint : filters;
    this.#filters.set(program, own);
    program.subscribe(this.random.pick(own), this.random.pick([1, 2]));
  }

  #qos(): QoS {
    return this.random.pick([0, 1, 1, 2, 2]);
  }

  #noRest(): never {
    const waiting = this.programs.filter(({ isAtRest }) => !isAtRest);
    const texts = waiting.map(({ name, waitsFor }) => `${name} waits for ${waitsFor}`);
    throw new BrokenPromise('answers', waiting[0].name, texts.join('; '));
  }
}

const steps: readonly Step[] = [
  { weight: 30, take: (simulation) => simulation.publishSome() },
  { weight: 4, take: (simulation) => simulation.publishAndMaybeNot() },
  { weight: 25, take: ({ world }) => world.advance(world.random.below(300)) },
  { weight: 5, take: ({ world }) => world.advance(world.random.below(8000)) },
  { weight: 12, take: ({ world }) => world.cutOne() },
  { weight: 6, take: ({ world }) => world.stallOne(world.random.below(10_000)) },
  { weight: 6, take: (simulation) => simulation.subscribe() },
  { weight: 5, take: (simulation) => simulation.unsubscribe() },
  { weight: 4, take: (simulation) => simulation.ask() },
  { weight: 3, take: (simulation) => simulation.crashProgram() },
  { weight: 5, take: (simulation) => simulation.restartBroker() },
  {
    weight: 1,
    take: async (simulation) => {
      await simulation.rest();
      await simulation.probe();
    },
  },
];
