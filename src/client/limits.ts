/** Every limit of a client, with its default, its unit and why it is there. */

export interface ClientLimits {
  /** Messages of QoS 1 and 2 on their way to the server, before the server's own limit. */
  readonly inflightMessagesMax: number;
  /** The same where the server cannot say how many it takes, in MQTT 3.x. */
  readonly inflightMessagesMaxIn3: number;
  /** Messages of QoS 1 and 2 that wait behind those; what comes then is refused. 0: no limit. */
  readonly queuedMessagesMax: number;
  /** Whether messages of QoS 0 wait, too, while there is no connection. */
  readonly queueQos0: boolean;
  /** Received messages that nobody has taken yet; beyond them nothing more is read. */
  readonly inboxMessagesMax: number;
  /** The same in bytes of payload. */
  readonly inboxBytesMax: number;
  /** Bytes that wait for the network before a publication of QoS 0 waits too. */
  readonly outputBytesMax: number;
  /** Topic aliases that are set towards the server, where it allows as many. */
  readonly topicAliasesMax: number;
  /** Seconds that the server may take to answer CONNECT. */
  readonly connectSeconds: number;
  /** Seconds that the network may take for the last bytes after DISCONNECT. */
  readonly lingerSeconds: number;
}

export const defaultClientLimits: ClientLimits = {
  // Mosquitto's default on both sides: more, and an older server of its kind may drop messages.
  inflightMessagesMax: 20,
  inflightMessagesMaxIn3: Number.POSITIVE_INFINITY,
  // Each has a promise that its publisher should wait for: far more than a patient one needs.
  queuedMessagesMax: 100_000,
  queueQos0: false,
  inboxMessagesMax: 1000,
  inboxBytesMax: 8_000_000,
  outputBytesMax: 1_000_000,
  topicAliasesMax: 0,
  connectSeconds: 30,
  lingerSeconds: 5,
};

/** The largest packet that MQTT can carry (MQTT 5.0 section 2.1.4). */
export const packetBytesMax = 268_435_460;
