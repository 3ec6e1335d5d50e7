/** One run: clients at work, a broker that is stopped again and again, and the verdict. */

import { Random } from '../simulation/random.ts';
import { type BrokerKind, type Durability, freePort } from './broker-process.ts';
import { Clock } from './clock.ts';
import { playToTheEnd } from './ending.ts';
import { type Figures, figuresOf } from './figures.ts';
import { Killer, type StopKind } from './killer.ts';
import { type Failure, type FailureKind, Ledger } from './ledger.ts';
import { PacketLog } from './packet-log.ts';
import { checkRetained } from './retained-check.ts';
import { Stage } from './stage.ts';
import { StateFolder } from './state-folder.ts';
import { judge } from './verdict.ts';
import { StuckError, Watch } from './watch.ts';

export interface CrashOptions {
  /** It decides what is done; how far the broker is by then, the machine does. */
  readonly seed: number;
  readonly kills: number;
  readonly broker: BrokerKind;
  readonly durability: Durability;
  readonly signal: StopKind;
  /** The longest that the broker serves between two stops. */
  readonly secondsBetween: number;
  readonly publishers: number;
  readonly subscribers: number;
  /** Of each publisher. */
  readonly messagesPerSecond: number;
  /** Kinds of failure that are counted, and do not end the run. */
  readonly tolerate: readonly FailureKind[];
  /** The file for a log of all packets; none when empty. */
  readonly packets: string;
}

export const crashDefaults: CrashOptions = {
  seed: 1,
  kills: 20,
  broker: 'pantala',
  durability: 'sync',
  signal: 'KILL',
  secondsBetween: 0.4,
  publishers: 6,
  subscribers: 6,
  messagesPerSecond: 300,
  tolerate: [],
  packets: '',
};

export interface CrashOutcome {
  readonly options: CrashOptions;
  readonly failures: readonly Failure[];
  readonly figures: Figures;
}

export async function crashRun(some: Partial<CrashOptions> = {}): Promise<CrashOutcome> {
  const options: CrashOptions = { ...crashDefaults, ...some };
  const ledger = new Ledger(new Clock(), toleratedOf(options));
  const watch = new Watch();
  const random = new Random(options.seed);
  const port = await freePort();
  using folders = new StateFolder();
  const { folder, stateFolder } = folders;
  const settings = { ...options, kind: options.broker, port, folder, stateFolder };
  using log = options.packets === '' ? undefined : new PacketLog(options.packets);
  using stage = new Stage({ ...options, port, random, ledger, watch, log });
  // Chance of its own: what the killer asks for does not depend on how much was published.
  const killerRandom = new Random(options.seed + 1_000_000);
  await using killer = new Killer({ ...options, settings, random: killerRandom, ledger, stage });
  const play = async () => {
    await killer.start();
    await stage.setUp();
    for (const publisher of stage.publishers) publisher.start();
    await killer.run();
    if (ledger.failures.length > 0) return;
    await playToTheEnd({ stage, ledger, watch });
    judge(stage, ledger);
    await checkRetained(stage.retainedTopics, ledger, port);
  };
  try {
    await Promise.race([play(), killer.collapsed]);
  } catch (error) {
    if (!(error instanceof StuckError)) throw error;
    if (ledger.failures.length === 0) ledger.fail('stuck', `${error.message}\n${killer.stderr}`);
  }
  const figures = figuresOf({ ledger, stage, startTimes: killer.startTimes });
  return { options, failures: [...ledger.failures], figures };
}

/**
 * What packets show of Mosquitto 2.0.11: a subscriber that returns gets new messages before the
 * rest of its queue, and, when the broker was restarted, a PUBLISH again after its PUBREL. It is
 * here to check this test, and does so in all else.
 */
function toleratedOf({ broker, signal, tolerate }: CrashOptions): readonly FailureKind[] {
  if (broker !== 'mosquitto') return tolerate;
  return signal === 'CUT' ? ['order'] : ['order', 'duplicate'];
}
