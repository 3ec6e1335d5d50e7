/** What a client has subscribed to, and who gets a message that has arrived. */

import type { UserProperties } from '../packet/properties.ts';
import type { ReasonCode } from '../packet/reason-codes.ts';
import type { QoS } from '../packet/version.ts';
import { matches, parseShare } from '../topic/topic-filter.ts';
import type { IncomingMessage } from './incoming-message.ts';
import type { Sink } from './message-stream.ts';
import type { SubscriptionOptions } from './subscription-request.ts';

/** One filter, for as many readers as there are. */
export interface Entry {
  readonly filter: string;
  /** Its Subscription Identifier, which the server names with each message: see `route`. */
  readonly identifier: number;
  /** Another list at each change. */
  sinks: readonly Sink[];
  options: SubscriptionOptions;
  userProperties: UserProperties | undefined;
  /** `asked` on the present connection; `granted` in the present session of the server. */
  state: 'wanted' | 'asked' | 'granted';
  /** The server may have it in the present session, or not: nobody can know. */
  isDoubtful: boolean;
  /** The server may have it, or have had it. */
  wasAsked: boolean;
  /** Those who want to know what the server says. */
  waiting: PromiseWithResolvers<ReasonCode>[];
}

// Identifiers go up to 268,435,455 (MQTT 5.0 section 3.8.2.1.2). They begin anywhere in the lower
// half, so that those of an earlier program, which the server may still name, are not taken for
// ours.
const firstIdentifiers = 2 ** 27;

// Topics whose readers are remembered, for servers that name no identifiers.
const routesMax = 1024;

// Filters that nobody reads any more, but whose messages may be on their way.
const retiredMax = 1000;

export class SubscriptionTable {
  readonly #byFilter = new Map<string, Entry>();
  readonly #byIdentifier = new Map<number, Entry>();
  readonly #everything = new Set<Sink>();
  readonly #routes = new Map<string, readonly Sink[]>();
  readonly #retired = new Set<string>();
  readonly #firstIdentifier: number;
  #nextIdentifier: number;

  /** @param random gives a number from 0 up to 1 */
  constructor(random: () => number) {
    this.#firstIdentifier = 1 + Math.floor(random() * firstIdentifiers);
    this.#nextIdentifier = this.#firstIdentifier;
  }

  /** In the order in which they were first subscribed to. */
  entries(): Entry[] {
    return [...this.#byFilter.values()];
  }

  /** Has the sink get what matches the filter. */
  add(filter: string, sink: Sink, options: SubscriptionOptions, userProperties?: UserProperties) {
    let entry = this.#byFilter.get(filter);
    if (entry === undefined) {
      entry = {
        filter,
        identifier: this.#nextIdentifier++,
        sinks: [],
        options,
        userProperties,
        state: 'wanted',
        isDoubtful: false,
        wasAsked: false,
        waiting: [],
      };
      this.#byFilter.set(filter, entry);
      this.#byIdentifier.set(entry.identifier, entry);
      this.#retired.delete(filter);
    }
    entry.options = entry.sinks.length === 0 ? options : forAll(entry.options, options);
    entry.userProperties = userProperties;
    if (!entry.sinks.includes(sink)) entry.sinks = [...entry.sinks, sink];
    this.#routes.clear();
    return entry;
  }

  /** @returns what nobody reads any more, so that the server should hear of it */
  remove(filter: string, sink: Sink): Entry | undefined {
    const entry = this.#byFilter.get(filter);
    if (entry === undefined || !entry.sinks.includes(sink)) return undefined;
    entry.sinks = entry.sinks.filter((each) => each !== sink);
    this.#routes.clear();
    if (entry.sinks.length > 0) return undefined;
    this.#byFilter.delete(filter);
    this.#byIdentifier.delete(entry.identifier);
    this.#retire(filter);
    return entry;
  }

  /** Has the sink get all that arrives. */
  addForEverything(sink: Sink): void {
    this.#everything.add(sink);
  }

  removeForEverything(sink: Sink): void {
    this.#everything.delete(sink);
  }

  /** Those that have messages which wait for their reader. */
  unreadFilters(): string[] {
    const unread = this.entries().filter(({ sinks }) => sinks.some(({ waiting }) => waiting > 0));
    return unread.map(({ filter }) => filter);
  }

  /** Each sink, once. */
  sinks(): Set<Sink> {
    const sinks = new Set(this.#everything);
    for (const entry of this.#byFilter.values()) for (const sink of entry.sinks) sinks.add(sink);
    return sinks;
  }

  /**
   * Hands the message out.
   *
   * @returns `given`; `late` when it is for a subscription that was ended here; `unclaimed` when
   *   this program knows of nobody who would have wanted it
   */
  route(message: IncomingMessage): 'given' | 'late' | 'unclaimed' {
    for (const sink of this.#everything) sink.push(message);
    const identifiers = message.properties?.subscriptionIdentifiers;
    const isGiven =
      identifiers !== undefined && this.#areOurs(identifiers)
        ? this.#giveTo(identifiers, message)
        : this.#giveByTopic(message);
    if (isGiven || this.#everything.size > 0) return 'given';
    return this.#isLate(message, identifiers) ? 'late' : 'unclaimed';
  }

  #areOurs(identifiers: readonly number[]): boolean {
    for (const identifier of identifiers) {
      if (identifier < this.#firstIdentifier || identifier >= this.#nextIdentifier) return false;
    }
    return true;
  }

  #giveTo(identifiers: readonly number[], message: IncomingMessage): boolean {
    if (identifiers.length > 1) return this.#giveOnce(identifiers, message);
    const entry = this.#byIdentifier.get(identifiers[0]);
    if (entry === undefined) return false;
    const { sinks } = entry;
    for (let i = 0; i < sinks.length; i++) sinks[i].push(message);
    return true;
  }

  /** One copy for several subscriptions: a sink that has two of them gets it once. */
  #giveOnce(identifiers: readonly number[], message: IncomingMessage): boolean {
    const sinks = new Set<Sink>();
    for (const identifier of identifiers) {
      for (const sink of this.#byIdentifier.get(identifier)?.sinks ?? []) sinks.add(sink);
    }
    for (const sink of sinks) sink.push(message);
    return sinks.size > 0;
  }

  #giveByTopic(message: IncomingMessage): boolean {
    const sinks = this.#routes.get(message.topic) ?? this.#find(message.topic);
    for (let i = 0; i < sinks.length; i++) sinks[i].push(message);
    return sinks.length > 0;
  }

  #find(topic: string): readonly Sink[] {
    const found = new Set<Sink>();
    for (const { filter, sinks } of this.#byFilter.values()) {
      if (!isFor(filter, topic)) continue;
      for (const sink of sinks) found.add(sink);
    }
    const sinks = [...found];
    if (this.#routes.size >= routesMax) this.#routes.clear();
    this.#routes.set(topic, sinks);
    return sinks;
  }

  #isLate({ topic }: IncomingMessage, identifiers: readonly number[] | undefined): boolean {
    if (identifiers !== undefined && this.#areOurs(identifiers)) return true;
    for (const filter of this.#retired) if (isFor(filter, topic)) return true;
    return false;
  }

  #retire(filter: string): void {
    this.#retired.add(filter);
    if (this.#retired.size <= retiredMax) return;
    for (const oldest of this.#retired) {
      this.#retired.delete(oldest);
      return;
    }
  }
}

/** What suits those who read a filter, and another one: nobody gets less than before. */
function forAll(present: SubscriptionOptions, added: SubscriptionOptions): SubscriptionOptions {
  const qos = Math.max(present.qos ?? 0, added.qos ?? 0) as QoS;
  return { ...added, qos, noLocal: present.noLocal === true && added.noLocal === true };
}

function isFor(filter: string, topic: string): boolean {
  return matches(parseShare(filter)?.filter ?? filter, topic);
}
