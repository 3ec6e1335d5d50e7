/** Whom each publication is owed to: subscriptions, shared groups, retained messages. */

import type { Subscription } from '../../src/packet/subscribe.ts';
import { Copy, type Publication } from './publication.ts';
import { RecoveredGroups } from './recovered-groups.ts';
import type { Recovery } from './recovery.ts';
import { ReferenceGroup } from './reference-group.ts';
import type { ReferenceSession, ReferenceSubscription } from './reference-session.ts';
import { RetainedTopics } from './retained-topics.ts';
import { levelsMatch } from './topics.ts';

export interface RouterOptions {
  readonly queueQos0: boolean;
  readonly upgradeOutgoingQos: boolean;
  /** Undefined where nothing is stored. */
  readonly store: CommitCount | undefined;
}

/** How far the store is. */
export interface CommitCount {
  /** Different ones that it was given, however often. */
  readonly handedCount: number;
  /** Those of them that are safe. */
  readonly doneCount: number;
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
  readonly #retained = new RetainedTopics();
  // Since the broker began: those without members, too.
  #everyGroup: ReferenceGroup[] = [];
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
    return this.#retained.topics.length;
  }

  /** Whether it is known which retained messages there are. */
  get knowsRetained(): boolean {
    return this.#retained.isCertain;
  }

  retained(topic: string): Publication | undefined {
    return this.#retained.get(topic);
  }

  /** What a subscription may bring: the topic's last message, or what was so when it was stored. */
  retainedFor(
    session: ReferenceSession,
    { topic, qos }: { topic: string; qos: number },
  ): readonly Publication[] {
    const mayBeOlder = (session.isKept && qos === 2) || !this.#retained.isCertainOf(topic);
    if (mayBeOlder) return this.#retained.everOf(topic);
    const present = this.#retained.get(topic);
    return present === undefined ? [] : [present];
  }

  /** It was acknowledged. */
  certify(publication: Publication): void {
    publication.isAcknowledged = true;
    publication.isDoubtful = false;
    if (publication.retain) this.#retained.certify(publication);
  }

  /** Somebody who outlives the broker has subscribed to it with QoS 1 or 2, or shares it. */
  isKept(topic: string): boolean {
    const levels = topic.split('/');
    for (const { isKept, subscriptions } of this.#sessions.values()) {
      if (!isKept) continue;
      for (const each of subscriptions.values()) {
        const isOne = each.qos > 0 || each.group !== undefined;
        if (isOne && levelsMatch(each.levels, levels)) return true;
      }
    }
    return false;
  }

  refuse(publication: Publication): void {
    if (publication.retain) {
      this.#retained.withdraw(publication);
      this.#endReplays(publication.topic);
    }
    for (const group of this.#everyGroup) group.refuse(publication);
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

  /** @returns what SUBACK lets begin: the retained messages that the subscription asks for */
  subscribe(
    session: ReferenceSession,
    asked: Subscription,
    identifier: number | undefined,
  ): (() => void) | undefined {
    const before = session.subscriptions.get(asked.filter);
    const subscription = this.#subscription(session, asked, identifier);
    session.subscriptions.set(asked.filter, subscription);
    if (subscription.group !== undefined) {
      subscription.group.join(subscription);
      if (before === undefined) this.#sharedCount++;
      return undefined;
    }
    const { retainHandling } = asked;
    if (retainHandling === 0 || (retainHandling === 1 && before === undefined)) {
      return () => this.#startReplay(subscription);
    }
    session.replays.continue(subscription);
    return undefined;
  }

  #startReplay(subscription: ReferenceSubscription): void {
    const { session, levels, filter } = subscription;
    const topics = this.#retained.topics.filter(
      (topic) => this.#retained.isCertainOf(topic) && levelsMatch(levels, topic.split('/')),
    );
    session.replays.start(subscription, topics);
    if (!session.subscriptions.has(filter)) session.replays.end(filter);
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
    for (const topic of this.#retained.expired(now)) {
      this.#retained.clear(topic);
      this.#endReplays(topic);
    }
  }

  /** A session has ended that may have had a message of a shared group. */
  dropShared(topic: string): void {
    const levels = topic.split('/');
    for (const group of this.#everyGroup) {
      if (levelsMatch(group.levels, levels)) group.dropped(topic);
    }
  }

  /** A broker begins anew: nobody has subscribed to anything yet. */
  beginRecovery(): RecoveredGroups {
    const groups = new RecoveredGroups(this.#everyGroup);
    this.#retained.beginRecovery();
    this.#groups.clear();
    this.#everyGroup = [];
    this.#sharedCount = 0;
    return groups;
  }

  /** A subscription that the store had. */
  recoverSubscription(before: ReferenceSubscription): void {
    const { session, filter, levels } = before;
    const group = before.group && this.#group(filter, levels);
    const subscription = { ...before, group };
    session.recoverSubscription(subscription);
    group?.join(subscription);
    if (group !== undefined) this.#sharedCount++;
  }

  /** A retained message whose publication is this has been seen since the broker began. */
  everRetained(topic: string): readonly Publication[] {
    return this.#retained.everOf(topic);
  }

  endRecovery(recovery: Recovery, groups: RecoveredGroups): void {
    this.#everyGroup = groups.giveTo(this.#groups);
    this.#retained.recover(recovery);
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
    const before = this.#options.store && this.#everyGroup.find((group) => group.name === name);
    const group = before ?? new ReferenceGroup(name, levels);
    this.#groups.set(name, group);
    if (before === undefined) this.#everyGroup.push(group);
    // What its last members had may be on the disk, and still come.
    else before.mayLoseOpen();
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
      if (!session.isOnline && !copy.mayBeLost) return;
      this.#instants.push({ session, copy });
    }
    session.owe(copy);
  }

  #store(publication: Publication): void {
    const { topic, payload } = publication;
    this.#retained.replace(publication);
    if (payload.length === 0) this.#endReplays(topic);
  }

  #endReplays(topic: string): void {
    for (const session of this.#sessions.values()) session.replays.clear(topic);
  }
}
