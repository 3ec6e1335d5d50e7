/** Whom each publication is owed to: subscriptions, shared groups, retained messages. */

import type { Subscription } from '../../src/packet/subscribe.ts';
import { Copy, type Publication } from './publication.ts';
import { ReferenceGroup } from './reference-group.ts';
import type { ReferenceSession, ReferenceSubscription } from './reference-session.ts';
import { levelsMatch } from './topics.ts';

export interface RouterOptions {
  readonly queueQos0: boolean;
  readonly upgradeOutgoingQos: boolean;
}

/** A copy of QoS 0, which leaves at once or never. */
export interface Instant {
  readonly session: ReferenceSession;
  readonly copy: Copy;
}

export class ReferenceRouter {
  readonly #options: RouterOptions;
  readonly #sessions: ReadonlyMap<string, ReferenceSession>;
  readonly #groups = new Map<string, ReferenceGroup>();
  readonly #retained = new Map<string, Publication>();
  #instants: Instant[] = [];
  #sharedCount = 0;

  constructor(sessions: ReadonlyMap<string, ReferenceSession>, options: RouterOptions) {
    this.#sessions = sessions;
    this.#options = options;
  }

  get groups(): Iterable<ReferenceGroup> {
    return this.#groups.values();
  }

  get retainedCount(): number {
    return this.#retained.size;
  }

  retained(topic: string): Publication | undefined {
    return this.#retained.get(topic);
  }

  get upgradesQos(): boolean {
    return this.#options.upgradeOutgoingQos;
  }

  /** Copies of QoS 0 that were owed since the last call. */
  takeInstants(): Instant[] {
    const instants = this.#instants;
    this.#instants = [];
    return instants;
  }

  /**
   * @param publisher the session that published it, or left it as its will
   * @param mayBeLost connections end at the same moment, in an order that nobody promises
   * @returns false when nobody has subscribed to its topic
   */
  publish(publication: Publication, publisher: ReferenceSession, mayBeLost: boolean): boolean {
    if (publication.retain) this.#store(publication);
    const levels = publication.topic.split('/');
    let matched = false;
    for (const session of this.#sessions.values()) {
      const isOwn = session === publisher;
      const upgrade = this.upgradesQos;
      const terms = session.termsFor(levels, publication, { isOwn, upgrade });
      if (terms === undefined) continue;
      matched = true;
      this.#owe(session, new Copy(publication, terms, { lane: 'plain', mayBeLost }));
    }
    for (const group of this.#groups.values()) {
      if (!levelsMatch(group.levels, levels)) continue;
      matched = true;
      group.dispatch(publication, mayBeLost);
    }
    return matched;
  }

  subscribe(session: ReferenceSession, asked: Subscription, identifier: number | undefined): void {
    const before = session.subscriptions.get(asked.filter);
    const subscription = this.#subscription(session, asked, identifier);
    session.subscriptions.set(asked.filter, subscription);
    if (subscription.group !== undefined) {
      subscription.group.join(subscription);
      if (before === undefined) this.#sharedCount++;
      return;
    }
    const { retainHandling } = asked;
    if (retainHandling === 0 || (retainHandling === 1 && before === undefined)) {
      const topics = [...this.#retained.keys()];
      session.replays.start(
        subscription,
        topics.filter((topic) => levelsMatch(subscription.levels, topic.split('/'))),
      );
    } else {
      session.replays.continue(subscription);
    }
  }

  /** @returns false when there was no such subscription */
  unsubscribe(session: ReferenceSession, filter: string): boolean {
    const subscription = session.subscriptions.get(filter);
    if (subscription === undefined) return false;
    session.subscriptions.delete(filter);
    session.replays.end(filter);
    this.#leave(subscription);
    return true;
  }

  /** The session is over: its subscriptions go, and what it shared goes to others. */
  forget(session: ReferenceSession): void {
    for (const subscription of session.subscriptions.values()) this.#leave(subscription);
    for (const group of session.groups) group.lost(session);
  }

  get subscriptionCount(): number {
    let count = 0;
    for (const { subscriptions } of this.#sessions.values()) count += subscriptions.size;
    return count;
  }

  get sharedCount(): number {
    return this.#sharedCount;
  }

  /** Forgets retained messages whose time is over. */
  expireRetained(now: number): void {
    for (const [topic, { expiresAt }] of this.#retained) {
      if (expiresAt <= now) this.#clear(topic);
    }
  }

  #subscription(
    session: ReferenceSession,
    { filter, qos, noLocal, retainAsPublished }: Subscription,
    identifier: number | undefined,
  ): ReferenceSubscription {
    const [prefix, , ...inner] = filter.split('/');
    const isShared = prefix === '$share';
    const levels = isShared ? inner : filter.split('/');
    const group = isShared ? this.#group(filter, levels) : undefined;
    return { session, filter, levels, qos, noLocal, retainAsPublished, identifier, group };
  }

  #group(name: string, levels: readonly string[]): ReferenceGroup {
    const known = this.#groups.get(name);
    if (known !== undefined) return known;
    const group = new ReferenceGroup(name, levels);
    this.#groups.set(name, group);
    return group;
  }

  #leave({ group, session }: ReferenceSubscription): void {
    if (group === undefined) return;
    this.#sharedCount--;
    group.leave(session);
    if (group.isEmpty) this.#groups.delete(group.name);
  }

  #owe(session: ReferenceSession, copy: Copy): void {
    const { queueQos0 } = this.#options;
    if (copy.qos === 0 && !queueQos0) {
      if (session.connection === undefined && !copy.mayBeLost) return;
      this.#instants.push({ session, copy });
    }
    session.owe(copy);
  }

  #store(publication: Publication): void {
    const { topic, payload } = publication;
    if (payload.length === 0) this.#clear(topic);
    else this.#retained.set(topic, publication);
  }

  #clear(topic: string): void {
    this.#retained.delete(topic);
    for (const session of this.#sessions.values()) session.replays.clear(topic);
  }
}
