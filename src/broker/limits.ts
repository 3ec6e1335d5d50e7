/** Every limit of the broker, with its default, its unit and why it is there. */

import type { QoS } from '../packet/version.ts';

export interface Limits {
  /** Mosquitto's `max_packet_size`: bytes of a packet that a client may send. */
  readonly packetBytesMax: number;
  /** `max_inflight_messages`: QoS 1 and 2 unacknowledged, each way, per client; 0: no limit. */
  readonly inflightMessagesMax: number;
  /** `max_inflight_bytes`: the same towards a client, in bytes of payload; 0: no limit. */
  readonly inflightBytesMax: number;
  /** `max_queued_messages`: waiting for a client behind those in flight; 0: no limit. */
  readonly queuedMessagesMax: number;
  /** `max_queued_bytes`: the same in bytes; 0: no limit. */
  readonly queuedBytesMax: number;
  /** `max_qos`: the highest QoS that a client may publish with. */
  readonly qosMax: QoS;
  /** `max_topic_alias`: aliases that a client may set; 0: none. */
  readonly topicAliasMax: number;
  /** `max_topic_alias_broker`: aliases that the broker sets towards a client; 0: none. */
  readonly topicAliasBrokerMax: number;
  /** `max_keepalive`: seconds; an MQTT 5.0 client that asks for more gets this; 0: no limit. */
  readonly keepAliveSecondsMax: number;
  /** `max_connections`: network connections at a time; 0 or less: no limit. */
  readonly connectionsMax: number;
  /** `global_max_connections`: the same of all listeners together; 0 or less: no limit. */
  readonly allConnectionsMax: number;
  /** `global_max_clients`: sessions, of clients that are there or away; 0 or less: no limit. */
  readonly clientsMax: number;
  /** `message_size_limit`: bytes of payload that are taken; 0: whatever fits a packet. */
  readonly messageBytesMax: number;
  /**
   * `memory_limit`: bytes of memory that the process may use before nothing is taken that would
   * make it more; 0: no limit. Needs a host that tells how many those are.
   */
  readonly memoryBytesMax: number;
  /** `persistent_client_expiration`: seconds that a session may outlive its connection. */
  readonly sessionExpirySecondsMax: number;
  /**
   * Bytes of output that may wait for a client whose network takes no more, before QoS 0 is dropped
   * and the rest has to queue. The message that reaches it may be as large as it likes.
   */
  readonly outputBytesMax: number;
  /** Bytes of input after which a connection leaves the rest of a turn to others. */
  readonly inputBytesPerTurnMax: number;
  /** Messages that its input brings others after which it does so too; one to retain counts 40. */
  readonly deliveriesPerTurnMax: number;
  /** Acknowledgements that wait for the store, before their client is not read any more. */
  readonly waitingAnswersMax: number;
  /** Bytes of a CONNECT behind its fixed header. */
  readonly connectBytesMax: number;
  /** The same of an AUTH. */
  readonly authBytesMax: number;
  /** The same of an acknowledgement or a DISCONNECT. */
  readonly simpleBytesMax: number;
  /** The same of a SUBSCRIBE or an UNSUBSCRIBE of MQTT 5.0. */
  readonly subscribeBytesMax: number;
  /** Seconds that a new connection may take until its CONNECT is complete. */
  readonly connectSeconds: number;
  /**
   * Connections through which no client has come in yet; one more, and the one that has waited
   * longest ends. After an outage all clients of a broker come at once, and all are accepted before
   * the first CONNECT is read.
   */
  readonly newcomersMax: number;
  /** Bytes that have come of these. A CONNECT is short: that of most clients has 100 bytes. */
  readonly newcomerBytesMax: number;
  /** Seconds that a closing connection may take to accept its last bytes. */
  readonly lingerSeconds: number;
  /** Characters of a client identifier. */
  readonly clientIdCharactersMax: number;
  /** Filters in one SUBSCRIBE or UNSUBSCRIBE: they are worked off in one go. */
  readonly filtersPerPacketMax: number;
  /** Subscriptions that a client may hold. */
  readonly subscriptionsMax: number;
  /** Of these, shared ones: each costs a look with every message that it matches. */
  readonly sharedSubscriptionsMax: number;
  /** Bytes of index that the subscriptions of a client may take, near enough. */
  readonly subscriptionBytesMax: number;
  /** Topics and receivers of topics that are remembered, each counting one. */
  readonly routesMax: number;
  /** Topic names that are kept as text, to be found again by their bytes. */
  readonly topicNamesMax: number;
  /** Bytes of the smallest memory that packets in pieces and messages that wait are given. */
  readonly assemblyBytesMin: number;
}

/** Mosquitto 2.1's values where it has the limit. */
const defaultLimits: Limits = {
  packetBytesMax: 2_000_000,
  inflightMessagesMax: 20,
  inflightBytesMax: 0,
  queuedMessagesMax: 1000,
  queuedBytesMax: 0,
  qosMax: 2,
  topicAliasMax: 10,
  topicAliasBrokerMax: 10,
  keepAliveSecondsMax: 0,
  connectionsMax: -1,
  allConnectionsMax: -1,
  clientsMax: -1,
  messageBytesMax: 0,
  memoryBytesMax: 0,
  sessionExpirySecondsMax: Number.POSITIVE_INFINITY,
  outputBytesMax: 1_000_000,
  inputBytesPerTurnMax: 256 * 1024,
  deliveriesPerTurnMax: 20_000,
  waitingAnswersMax: 4096,
  connectBytesMax: 100_000,
  authBytesMax: 100_000,
  simpleBytesMax: 10_000,
  subscribeBytesMax: 100_000,
  connectSeconds: 30,
  newcomersMax: 10_000,
  newcomerBytesMax: 64 * 1024 * 1024,
  lingerSeconds: 5,
  clientIdCharactersMax: 65_535,
  filtersPerPacketMax: 10_000,
  subscriptionsMax: 100_000,
  sharedSubscriptionsMax: 1000,
  subscriptionBytesMax: 16 * 1024 * 1024,
  routesMax: 500_000,
  topicNamesMax: 8_192,
  assemblyBytesMin: 128,
};

// The largest packet has 268,435,460 bytes. A megabyte less, since what is forwarded to a
// subscriber may have more properties than what the publisher sent.
const packetBytesLargest = 267_386_880;
const u16Max = 0xffff;
const u32Max = 0xffff_ffff;

/** The defaults with some changes, as far as the fields of MQTT can say them. */
export function completeLimits(changes: Partial<Limits> = {}): Limits {
  const limits = { ...defaultLimits, ...changes };
  const { sessionExpirySecondsMax } = limits;
  return {
    ...limits,
    packetBytesMax: Math.min(limits.packetBytesMax, packetBytesLargest),
    inflightMessagesMax: Math.min(limits.inflightMessagesMax, u16Max),
    keepAliveSecondsMax: Math.min(limits.keepAliveSecondsMax, u16Max),
    topicAliasMax: Math.min(limits.topicAliasMax, u16Max),
    topicAliasBrokerMax: Math.min(limits.topicAliasBrokerMax, u16Max),
    // The largest number stands for ever. (MQTT 5.0 section 3.1.2.11.2)
    sessionExpirySecondsMax:
      sessionExpirySecondsMax >= u32Max
        ? Number.POSITIVE_INFINITY
        : Math.floor(sessionExpirySecondsMax),
  };
}

/** What a broker offers; where it is false clients are told in CONNACK, and refused. */
export interface Features {
  /** `retain_available` */
  readonly retainAvailable: boolean;
  readonly wildcardSubscriptionAvailable: boolean;
  readonly sharedSubscriptionAvailable: boolean;
  readonly subscriptionIdentifiersAvailable: boolean;
  /** `allow_zero_length_clientid`: a client without an identifier is given one. */
  readonly zeroLengthClientIdAllowed: boolean;
  /** `auto_id_prefix`: what given identifiers begin with. */
  readonly assignedClientIdPrefix: string;
  /** `clientid_prefixes`: what all client identifiers must begin with; empty: anything. */
  readonly clientIdPrefix: string;
  /** `queue_qos0_messages`: QoS 0 waits too for a client that is away. */
  readonly queueQos0: boolean;
  /** `upgrade_outgoing_qos`: deliver with the subscription's QoS even when published with less. */
  readonly upgradeOutgoingQos: boolean;
  /**
   * `allow_duplicate_messages`: a client gets a message once for each of its subscriptions that
   * match, and not once in all. MQTT allows both. [MQTT-3.3.4-2]
   */
  readonly duplicates: boolean;
  /** `check_retain_source`: retained messages go only where their publishers still may publish. */
  readonly checkRetainSource: boolean;
  /** Sent to clients that ask for response information. [MQTT-3.1.2-28] */
  readonly responseInformation: string | undefined;
}

export const defaultFeatures: Features = {
  retainAvailable: true,
  wildcardSubscriptionAvailable: true,
  sharedSubscriptionAvailable: true,
  subscriptionIdentifiersAvailable: true,
  zeroLengthClientIdAllowed: true,
  assignedClientIdPrefix: 'auto-',
  clientIdPrefix: '',
  queueQos0: false,
  upgradeOutgoingQos: false,
  duplicates: false,
  checkRetainSource: true,
  responseInformation: undefined,
};
