/** What a seed decides before the first step: the broker's limits, the network, the clients. */

import type { Features, Limits } from '../../src/broker/limits.ts';
import type { ProtocolVersion } from '../../src/packet/version.ts';
import type { Random } from './random.ts';
import type { DiskPace } from './simulated-disk.ts';
import { jobTopics, plainTopics, sharedFilters } from './topics.ts';

export interface Settings {
  readonly limits: Pick<
    Limits,
    | 'inflightMessagesMax'
    | 'queuedMessagesMax'
    | 'outputBytesMax'
    | 'topicAliasMax'
    | 'topicAliasBrokerMax'
    | 'sessionExpirySecondsMax'
    | 'connectSeconds'
    | 'lingerSeconds'
    | 'inputBytesPerTurnMax'
    | 'deliveriesPerTurnMax'
    | 'routesMax'
    | 'topicNamesMax'
    | 'assemblyBytesMin'
  >;
  readonly features: Pick<Features, 'queueQos0' | 'upgradeOutgoingQos'>;
  /** Undefined where nothing is stored. */
  readonly disk: DiskPace | undefined;
  readonly systemTopicSeconds: number;
  /** Bytes that the network takes in each direction before anybody reads them. */
  readonly linkBytes: number;
  /** How often the gatekeeper's answer comes by the end of the turn. */
  readonly verdictChance: number;
  readonly devices: readonly Traits[];
}

/** What a client is like for as long as it lives. */
export interface Traits {
  readonly clientId: string;
  readonly version: ProtocolVersion;
  /**
   * Whoever subscribes to the jobs by itself does not share them, so that it is plain for which
   * reason a message comes.
   */
  readonly subscribes: 'plainly' | 'shared' | 'both';
  readonly sharedFilter: string;
  /** Where most of its messages go, so that there is an order to keep. */
  readonly favouriteTopic: string;
  readonly usesIdentifiers: boolean;
  /** How often it acknowledges at once. */
  readonly promptness: number;
  readonly receiveMaximum: number | undefined;
  readonly topicAliasMaximum: number | undefined;
  readonly maximumPacketSize: number | undefined;
}

const sizes = [
  { weight: 5, from: 2, to: 6 },
  { weight: 4, from: 7, to: 15 },
  { weight: 1, from: 16, to: 50 },
];

export function settingsFrom(random: Random): Settings {
  const { from, to } = random.pickWeighted(sizes);
  return {
    limits: {
      inflightMessagesMax: random.pick([1, 2, 5, 20, 20, 0]),
      // Half of the runs drop messages, half never do.
      queuedMessagesMax: random.pick([3, 10, 100_000, 0]),
      outputBytesMax: random.pick([500, 2000, 1_000_000, 1_000_000]),
      topicAliasMax: random.pick([0, 2, 10]),
      topicAliasBrokerMax: random.pick([0, 1, 10]),
      sessionExpirySecondsMax: random.pick([Number.POSITIVE_INFINITY, 600]),
      connectSeconds: 30,
      lingerSeconds: 5,
      inputBytesPerTurnMax: random.pick([262_144, 262_144, 300]),
      deliveriesPerTurnMax: random.pick([20_000, 20_000, 3]),
      routesMax: random.pick([16_384, 16_384, 4, 0]),
      topicNamesMax: random.pick([8192, 2]),
      assemblyBytesMin: 16, // so that messages of these sizes take their memory along
    },
    features: { queueQos0: random.chance(0.5), upgradeOutgoingQos: random.chance(0.15) },
    disk: random.chance(0.6)
      ? { chance: random.pick([1, 0.7, 0.3]), pageRecords: random.pick([1, 3, 128]) }
      : undefined,
    systemTopicSeconds: 3600,
    linkBytes: random.pick([200, 1000, 65_536, 65_536]),
    verdictChance: random.pick([1, 1, 0.3]),
    devices: Array.from({ length: random.between(from, to) }, (_, index) => traits(random, index)),
  };
}

function traits(random: Random, index: number): Traits {
  const version = random.pick([3, 4, 5, 5, 5] as const);
  return {
    clientId: `client-${index}`,
    version,
    subscribes: random.pick(['plainly', 'plainly', 'shared', 'both'] as const),
    sharedFilter: random.pick(sharedFilters),
    favouriteTopic: random.pick([...plainTopics, ...jobTopics]),
    usesIdentifiers: version === 5 && random.chance(0.5),
    promptness: random.pick([1, 0.6, 0.2]),
    receiveMaximum: random.pick([undefined, 1, 2, 5]),
    topicAliasMaximum: random.pick([undefined, 1, 5]),
    maximumPacketSize: random.pick([undefined, undefined, undefined, 60, 200]),
  };
}
