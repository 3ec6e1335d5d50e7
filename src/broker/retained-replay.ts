/** Retained messages on their way to new subscriptions, no faster than the client takes them. */

import type { Clock } from '../session/clock.ts';
import type { Message, MessageSource } from '../session/message.ts';
import type { Outgoing } from '../session/outgoing.ts';
import type { Turn } from '../session/turn.ts';
import type { RetainedMessages } from './retained-messages.ts';
import type { Settings } from './settings.ts';
import { deliveryQos, type Subscription } from './subscription.ts';

// What one turn of the event loop sends or looks through, so that a filter that matches a million
// of them, or a million filters that match none, do not hold up other clients.
const stepsPerTurnMax = 256;

interface Replay {
  readonly subscription: Subscription;
  /** Gives undefined where it asks for a pause. */
  readonly search: Iterator<Message | undefined>;
  /** The topic of a message that was found when the client could not take it. */
  heldTopic: string | undefined;
}

export interface RetainedReplaysOptions {
  readonly clock: Clock;
  readonly turn: Turn;
  readonly settings: Settings;
  /** Whether a publisher still may publish to the topic of a message of its own. */
  readonly mayStillPublish: (source: MessageSource, topic: string) => boolean;
}

/**
 * The replays of one session. Messages are looked up only when the client can take them, so that
 * a replay needs no memory, never overflows the queue, and never sends a value that is older than
 * one that the client has seen.
 */
export class RetainedReplays {
  readonly #outgoing: Outgoing;
  readonly #retained: RetainedMessages;
  readonly #clock: Clock;
  readonly #turn: Turn;
  readonly #settings: Settings;
  readonly #mayStillPublish: RetainedReplaysOptions['mayStillPublish'];
  // By filter. The first is the one at work.
  readonly #replays = new Map<string, Replay>();
  #isScheduled = false;

  constructor(
    outgoing: Outgoing,
    retained: RetainedMessages,
    { clock, turn, settings, mayStillPublish }: RetainedReplaysOptions,
  ) {
    this.#outgoing = outgoing;
    this.#retained = retained;
    this.#clock = clock;
    this.#turn = turn;
    this.#settings = settings;
    this.#mayStillPublish = mayStillPublish;
  }

  /** Begins anew where messages of an earlier subscription to the same filter still wait. */
  add(subscription: Subscription): void {
    const { filter } = subscription;
    this.remove(filter);
    const search = this.#retained.matching(filter);
    this.#replays.set(filter, { subscription, search, heldTopic: undefined });
    this.pump(this.#clock.now());
  }

  /** The subscription is gone: the rest of its messages too. */
  remove(filter: string): void {
    this.#replays.delete(filter);
  }

  /** Goes on as far as the client takes messages; call when it has taken some. */
  pump(now: number): void {
    if (this.#isScheduled) return;
    let steps = 0;
    for (const replay of this.#replays.values()) {
      for (let step = this.#step(replay, now); step !== 'done'; step = this.#step(replay, now)) {
        if (step === 'blocked') return;
        if (step === 'pause' || ++steps >= stepsPerTurnMax) return this.#goOnNextTurn();
      }
      this.#replays.delete(replay.subscription.filter);
      if (++steps >= stepsPerTurnMax) return this.#goOnNextTurn();
    }
  }

  /** The next turn has come. */
  flush(): void {
    this.#isScheduled = false;
    this.pump(this.#clock.now());
  }

  #goOnNextTurn(): void {
    this.#isScheduled = true;
    this.#turn.add(this);
  }

  #step(replay: Replay, now: number): 'sent' | 'blocked' | 'pause' | 'done' {
    // What was held may have been replaced since: then the new value is the one to send.
    const held = replay.heldTopic === undefined ? undefined : this.#retained.get(replay.heldTopic);
    const { done, value: message } = held ? { value: held } : replay.search.next();
    replay.heldTopic = undefined;
    if (done) return 'done';
    if (message === undefined) return 'pause';
    const { subscription } = replay;
    const { upgradeOutgoingQos } = this.#settings.features;
    const qos = deliveryQos(message.qos, subscription.qos, upgradeOutgoingQos);
    if (!this.#outgoing.isReadyFor(qos)) {
      replay.heldTopic = message.topic;
      return 'blocked';
    }
    // Its deadline may not have come round yet. [MQTT-3.3.2-5]
    if (message.expiresAt <= now) return 'sent';
    if (!this.#mayGo(message, subscription)) return 'sent';
    // [MQTT-3.3.1-8]
    this.#outgoing.deliver(message, qos, true, subscription, now);
    return 'sent';
  }

  #mayGo({ topic, source }: Message, { subscriber }: Subscription): boolean {
    if (!subscriber.mayReceive(topic)) return false;
    if (source === undefined || !this.#settings.features.checkRetainSource) return true;
    return this.#mayStillPublish(source, topic);
  }
}
