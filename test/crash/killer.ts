/** Stops the broker at moments that nobody can foresee, and starts it again at once. */

import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../simulation/random.ts';
import { BrokerProcess, type BrokerSettings } from './broker-process.ts';
import type { Ledger } from './ledger.ts';
import type { Stage } from './stage.ts';
import { StuckError } from './watch.ts';

/**
 * How the broker is stopped. `KILL` ends it in the midst of anything. `MIX` asks it to end now and
 * then, and has it pause before it is killed. `TERM` only asks. `CUT` leaves the broker alone and
 * breaks all connections, which no broker may lose anything by: that checks the test itself.
 */
export const stopKinds = ['KILL', 'MIX', 'TERM', 'CUT'] as const;
export type StopKind = (typeof stopKinds)[number];

export interface KillerOptions {
  readonly settings: BrokerSettings;
  readonly kills: number;
  readonly signal: StopKind;
  /** The longest that the broker serves before it is stopped. */
  readonly secondsBetween: number;
  readonly random: Random;
  readonly ledger: Ledger;
  readonly stage: Stage;
}

/** How often a kill does not wait until the broker listens. */
const killDuringStart = 0.12;
/** A start takes some 200 ms here. */
const startMilliseconds = 300;
const pauseMilliseconds = 200;

export class Killer implements AsyncDisposable {
  /** Milliseconds from each start until it listened. */
  readonly startTimes: number[] = [];
  readonly #options: KillerOptions;
  /** Rejects when the broker ends without being asked to. */
  readonly collapsed: Promise<never>;
  readonly #collapse = Promise.withResolvers<never>();
  #broker: BrokerProcess | undefined;

  constructor(options: KillerOptions) {
    this.#options = options;
    this.collapsed = this.#collapse.promise;
    this.collapsed.catch(() => undefined); // there may be nobody to care
  }

  get stderr(): string {
    return this.#broker?.stderr ?? '';
  }

  /** Starts the broker, and waits until it listens. */
  async start(): Promise<void> {
    await this.#listening(this.#spawn());
  }

  /** Stops and starts the broker until it was stopped often enough or something was lost. */
  async run(): Promise<void> {
    const { kills, ledger, stage } = this.#options;
    for (let kill = 1; kill <= kills && ledger.failures.length === 0; kill++) {
      stage.shuffle();
      await this.#stop();
      ledger.clock.kills = kill;
    }
    if (ledger.failures.length === 0) await this.#listening(this.#broker!);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#broker?.[Symbol.asyncDispose]();
  }

  async #stop(): Promise<void> {
    const { signal, random, stage } = this.#options;
    if (signal === 'CUT') {
      await this.#serve();
      stage.cutSome(1);
      return;
    }
    const broker = this.#broker!;
    const isKilled = signal === 'KILL' || (signal === 'MIX' && !random.chance(0.25));
    if (isKilled && random.chance(killDuringStart)) {
      await delay(random.below(startMilliseconds));
    } else {
      await this.#listening(broker);
      await this.#serve();
      if (signal === 'MIX' && random.chance(0.3)) await this.#pause(broker);
    }
    const { code } = await broker.end(isKilled ? 'SIGKILL' : 'SIGTERM');
    if (!isKilled && code !== 0) {
      const text = `it ended with ${code} on SIGTERM, and not with 0:\n${broker.stderr}`;
      this.#options.ledger.fail('broker ended', text);
    }
    if (this.#options.ledger.failures.length === 0) this.#spawn();
  }

  async #serve(): Promise<void> {
    const { random, secondsBetween } = this.#options;
    await delay(2 + random.below(secondsBetween * 1000));
  }

  /** Some clients lose patience meanwhile, and wait for the broker at its door. */
  async #pause(broker: BrokerProcess): Promise<void> {
    const { random, stage } = this.#options;
    broker.signal('SIGSTOP');
    stage.cutSome(0.5);
    await delay(random.below(pauseMilliseconds));
    broker.signal('SIGCONT');
    await delay(random.below(pauseMilliseconds));
  }

  #spawn(): BrokerProcess {
    const broker = new BrokerProcess(this.#options.settings);
    this.#broker = broker;
    void broker.collapsed.then(({ code, signal }) => {
      const text = `the broker ended by itself, with ${signal ?? `exit code ${code}`}`;
      this.#options.ledger.fail('broker ended', `${text}:\n${broker.stderr}`);
      this.#collapse.reject(new StuckError(text));
    });
    return broker;
  }

  async #listening(broker: BrokerProcess): Promise<void> {
    try {
      this.startTimes.push(await broker.listening());
    } catch (error) {
      if (error instanceof StuckError) throw error;
      throw new StuckError(String(error), { cause: error });
    }
  }
}
