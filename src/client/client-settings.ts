/** What follows from the options of a client. */

import type { ConnectOptions } from './connect-options.ts';
import { type ClientLimits, defaultClientLimits } from './limits.ts';
import { outboxDefaults } from './outbox.ts';
import { randomDigits } from './random-digits.ts';
import { type SubscriberLimits, subscriberDefaults } from './subscriber.ts';

/** With the last connection the session ends, and the first one has asked for a new one. */
export function isTemporary({ cleanStart, sessionExpirySeconds, outbox }: ConnectOptions) {
  return cleanStart ?? (sessionExpirySeconds === undefined && outbox?.store === undefined);
}

export function limitsOf({
  limits = {},
  outbox = {},
}: ConnectOptions): ClientLimits & SubscriberLimits {
  const { messagesMax = outboxDefaults.messagesMax, qos0 = outboxDefaults.qos0 } = outbox;
  return {
    ...defaultClientLimits,
    ...subscriberDefaults,
    inflightMessagesMax: inflightDefault,
    inflightMessagesMaxIn3: inflightIn3Default,
    topicAliasesMax: aliasesDefault,
    ...limits,
    // The outbox is what bounds it; only what it does not count, QoS 0, can be beyond.
    queuedMessagesMax: 2 * messagesMax,
    queueQos0: qos0,
  };
}

// The server's Receive Maximum is what counts, where it has one.
const inflightDefault = 100;
// Mosquitto 2.0.11 ends the connection of whoever sends more of QoS 2 in MQTT 3.1.1.
const inflightIn3Default = 20;
// Topics beyond them go in full.
const aliasesDefault = 100;

/** At most 23 letters and digits, which every server takes. (MQTT 3.1.1 section 3.1.3.1) */
export function madeUpId(random: () => number): string {
  return `pantala${randomDigits(random)}${randomDigits(random)}`;
}
