/** Retained messages on their way to new subscriptions, no faster than the client takes them. */

import type { Clock } from '../session/clock.ts';
import type { Message, MessageSource } from '../session/message.ts';
import type { Outgoing } from '../session/outgoing.ts';
import type { Paced, ReplayPace } from './replay-pace.ts';
import type { RetainedMessages } from './retained-messages.ts';
import type { Settings } from './settings.ts';
import { deliveryQos, type Subscription } from './subscription.ts';

// What a message costs more for each so many bytes of its payload, and a search where it pauses.
const bytesPerStep = 1024;
const pauseSteps = 128;

interface Replay {
  readonly subscription: Subscription;
  /** Gives undefined where it asks for a pause. */
  readonly search: Iterator<Message | undefined>;
  /** The topic of a message that was found when the client could not take it. */
  heldTopic: string | undefined;
  isDone: boolean;
}

export interface RetainedReplaysOptions {
  readonly clock: Clock;
  /** Shared by all sessions. */
  readonly pace: ReplayPace;
  readonly settings: Settings;
  /** Whether a publisher still may publish to the topic of a message of its own. */
  readonly mayStillPublish: (source: MessageSource, topic: string) => boolean;
}

/**
 * The replays of one session. Messages are looked up only when the client can take them, so that
 * a replay needs no memory, never overflows the queue, and never sends a value that is older than
 * one that the client has seen.
 */
export class RetainedReplays implements Paced {
  readonly #outgoing: Outgoing;
  readonly #retained: RetainedMessages;
  readonly #clock: Clock;
  readonly #pace: ReplayPace;
  readonly #settings: Settings;
  readonly #mayStillPublish: RetainedReplaysOptions['mayStillPublish'];
  // By filter. The first is the one at work.
  readonly #replays = new Map<string, Replay>();
  #isWaiting = false;

  constructor(
    outgoing: Outgoing,
    retained: RetainedMessages,
    { clock, pace, settings, mayStillPublish }: RetainedReplaysOptions,
  ) {
    this.#outgoing = outgoing;
    this.#retained = retained;
    this.#clock = clock;
    this.#pace = pace;
    this.#settings = settings;
    this.#mayStillPublish = mayStillPublish;
  }

  /** Begins anew where messages of an earlier subscription to the same filter still wait. */
  add(subscription: Subscription): void {
    const { filter } = subscription;
    this.remove(filter);
    const search = this.#retained.matching(filter);
    this.#replays.set(filter, { subscription, search, heldTopic: undefined, isDone: false });
    this.pump(this.#clock.now());
  }

  /** The subscription is gone: the rest of its messages too. */
  remove(filter: string): void {
    this.#replays.delete(filter);
  }

  /** Goes on as far as the client takes messages; call when it has taken some. */
  pump(now: number): void {
    if (this.#isWaiting || !this.#canSend) return;
    const allowed = this.#pace.allowance;
    const startedAt = this.#clock.now();
    let steps = 0;
    for (const replay of this.#replays.values()) {
      let taken = 1;
      while (steps < allowed && taken > 0 && !replay.isDone) {
        taken = this.#step(replay, now);
        steps += taken;
      }
      if (replay.isDone) this.#replays.delete(replay.subscription.filter);
      else break;
    }
    this.#pace.took(steps, this.#clock.now() - startedAt);
    if (steps < allowed || this.#replays.size === 0) return;
    this.#isWaiting = true;
    this.#pace.wait(this);
  }

  /** Its turn has come among all who wait. */
  goOn(): void {
    this.#isWaiting = false;
    this.pump(this.#clock.now());
  }

  /** Whether a message of some QoS would leave: else there is no need to look for one. */
  get #canSend(): boolean {
    return this.#outgoing.isReadyFor(0) || this.#outgoing.isReadyFor(1);
  }

  /** @returns what it has cost; 0: the client does not take what was found */
  #step(replay: Replay, now: number): number {
    // What was held may have been replaced since: then the new value is the one to send.
    const held = replay.heldTopic === undefined ? undefined : this.#retained.get(replay.heldTopic);
    const { done, value: message } = held ? { value: held } : replay.search.next();
    replay.heldTopic = undefined;
    if (done) {
      replay.isDone = true;
      return 1;
    }
    if (message === undefined) return pauseSteps;
    const { subscription } = replay;
    const { upgradeOutgoingQos } = this.#settings.features;
    const qos = deliveryQos(message.qos, subscription.qos, upgradeOutgoingQos);
    if (!this.#outgoing.isReadyFor(qos)) {
      replay.heldTopic = message.topic;
      return 0;
    }
    // Its deadline may not have come round yet. [MQTT-3.3.2-5]
    if (message.expiresAt <= now) return 1;
    if (!this.#mayGo(message, subscription)) return 1;
    // [MQTT-3.3.1-8]
    this.#outgoing.deliver(message, qos, true, subscription, now);
    return 1 + Math.floor(message.payload.length / bytesPerStep);
  }

  #mayGo({ topic, source }: Message, { subscriber }: Subscription): boolean {
    if (!subscriber.mayReceive(topic)) return false;
    if (source === undefined || !this.#settings.features.checkRetainSource) return true;
    return this.#mayStillPublish(source, topic);
  }
}
