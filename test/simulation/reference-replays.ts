/** The retained messages that a session has asked for with its subscriptions. */

import type { ReferenceSubscription } from './reference-session.ts';
import { levelsMatch } from './topics.ts';

interface Replay {
  /** The present one last: what a subscription has asked for goes on when another replaces it. */
  readonly subscriptions: ReferenceSubscription[];
  /** Topics whose message must come. */
  readonly must: Set<string>;
  /** Ended, or begun anew: it may have brought messages, and need not bring more. */
  isOver: boolean;
}

/**
 * Filters that overlap bring the same message several times, and nothing in it says which of them
 * has brought it. So they are counted: at most as many as can bring it, at least as many as must.
 */
export class ReferenceReplays {
  readonly #replays: Replay[] = [];
  readonly #brought = new Map<string, number>();
  // Times that a topic was cleared, after each of which every replay may bring it again.
  readonly #cleared = new Map<string, number>();

  start(subscription: ReferenceSubscription, topics: Iterable<string>): void {
    this.end(subscription.filter);
    this.#replays.push({ subscriptions: [subscription], must: new Set(topics), isOver: false });
  }

  /** The subscription takes the place of one whose messages may still be on their way. */
  continue(subscription: ReferenceSubscription): void {
    this.#running(subscription.filter)?.subscriptions.push(subscription);
  }

  end(filter: string): void {
    const replay = this.#running(filter);
    if (replay === undefined) return;
    replay.isOver = true;
    replay.must.clear();
  }

  /** The topic has no retained message any more: nobody needs to get one. */
  clear(topic: string): void {
    if (this.#replays.length === 0) return;
    for (const { must } of this.#replays) must.delete(topic);
    this.#cleared.set(topic, (this.#cleared.get(topic) ?? 0) + 1);
  }

  /**
   * A retained message comes, or is dropped.
   *
   * @param isLikeIt whether a subscription can have brought it
   * @returns the subscription, undefined when no more messages of that topic may come
   */
  bring(
    topic: string,
    isLikeIt: (subscription: ReferenceSubscription) => boolean,
  ): ReferenceSubscription | undefined {
    const levels = topic.split('/');
    const able = this.#replays.filter((each) => levelsMatch(each.subscriptions[0].levels, levels));
    const brought = this.#brought.get(topic) ?? 0;
    const times = 1 + (this.#cleared.get(topic) ?? 0);
    if (brought >= able.length * times) return undefined;
    const subscription = able.flatMap((each) => each.subscriptions).find(isLikeIt);
    if (subscription !== undefined) this.#brought.set(topic, brought + 1);
    return subscription;
  }

  /** A topic whose message should have come, and has not. */
  missing(): string | undefined {
    const left = new Map(this.#brought);
    for (const topic of this.#replays.flatMap(({ must }) => [...must])) {
      const count = left.get(topic) ?? 0;
      if (count === 0) return topic;
      left.set(topic, count - 1);
    }
    return undefined;
  }

  #running(filter: string): Replay | undefined {
    return this.#replays.find((each) => !each.isOver && each.subscriptions[0].filter === filter);
  }
}
