/** Retained messages on their way to new subscriptions, no faster than the client takes them. */

import type { Clock } from '../session/clock.ts';
import type { Message } from '../session/message.ts';
import type { Outgoing } from '../session/outgoing.ts';
import type { Turn } from '../session/turn.ts';
import { deliveryQos, type Subscription } from './subscription.ts';

// Messages of one turn of the event loop, so that a filter that matches a million of them does
// not hold up other clients.
const messagesPerTurnMax = 256;

interface Replay {
  readonly subscription: Subscription;
  readonly messages: Iterator<Message | undefined>;
}

/**
 * The replays of one session. Messages are looked up only when the client can take them, so that
 * a replay needs no memory, never overflows the queue, and never sends a value that is older than
 * one that the client has seen.
 */
export class RetainedReplays {
  readonly #outgoing: Outgoing;
  readonly #clock: Clock;
  readonly #turn: Turn;
  readonly #upgradeQos: boolean;
  readonly #replays: Replay[] = [];
  #isScheduled = false;

  constructor(
    outgoing: Outgoing,
    { clock, turn, upgradeQos }: { clock: Clock; turn: Turn; upgradeQos: boolean },
  ) {
    this.#outgoing = outgoing;
    this.#clock = clock;
    this.#turn = turn;
    this.#upgradeQos = upgradeQos;
  }

  /** Begins anew where messages of an earlier subscription to the same filter still wait. */
  add(subscription: Subscription, messages: Iterator<Message | undefined>): void {
    this.remove(subscription.filter);
    this.#replays.push({ subscription, messages });
    this.pump(this.#clock.now());
  }

  /** The subscription is gone: the rest of its messages too. */
  remove(filter: string): void {
    const index = this.#replays.findIndex(({ subscription }) => subscription.filter === filter);
    if (index !== -1) this.#replays.splice(index, 1);
  }

  /** Goes on as far as the client takes messages; call when it has taken some. */
  pump(now: number): void {
    if (this.#isScheduled) return;
    for (let sent = 0; this.#replays.length > 0 && this.#outgoing.isReady; sent++) {
      const { subscription, messages } = this.#replays[0];
      const { done, value: message } = messages.next();
      if (done) {
        this.#replays.shift();
        continue;
      }
      if (message !== undefined) this.#send(message, subscription, now);
      // Undefined: the search asks for a pause.
      if (message === undefined || sent === messagesPerTurnMax) {
        this.#goOnNextTurn();
        return;
      }
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

  #send(message: Message, subscription: Subscription, now: number): void {
    // Its deadline has not come round yet. [MQTT-3.3.2-5]
    if (message.expiresAt <= now) return;
    const qos = deliveryQos(message.qos, subscription.qos, this.#upgradeQos);
    // [MQTT-3.3.1-8]
    this.#outgoing.deliver(message, qos, true, subscription, now);
  }
}
