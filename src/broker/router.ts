/** From a published message to everyone who gets it. */

import type { Message, MessageSource } from '../session/message.ts';
import type { RetainedMessages } from './retained-messages.ts';
import type { Settings } from './settings.ts';
import { deliveryQos, type Subscriber } from './subscription.ts';
import type { Subscriptions } from './subscriptions.ts';

// What it takes to retain a message beside a delivery: 10 µs for a new topic, most of which is
// memory that is in no cache.
const deliveriesPerRetained = 40;

/** A client that publishes, which may have subscriptions of its own. */
export interface Publisher extends Subscriber {
  readonly source: MessageSource;
}

export class Router {
  readonly #subscriptions: Subscriptions;
  readonly #retained: RetainedMessages;
  readonly #settings: Settings;
  #deliveriesWorth = 0;

  constructor(subscriptions: Subscriptions, retained: RetainedMessages, settings: Settings) {
    this.#subscriptions = subscriptions;
    this.#retained = retained;
    this.#settings = settings;
  }

  /** What messages have taken so far, in deliveries to a receiver or a group. */
  get deliveriesWorth(): number {
    return this.#deliveriesWorth;
  }

  /** Whether a message of QoS 1 or 2 to the topic has receivers that must not lose it. */
  isKept(topic: string): boolean {
    const { receivers, groups } = this.#subscriptions.route(topic);
    return (
      receivers.some(({ subscriber, qos }) => subscriber.isKept && qos > 0) ||
      groups.some((group) => group.isKept)
    );
  }

  /**
   * Delivers a message to every matching subscription, and retains it if it asks for that. What a
   * client publishes to the broker itself goes to the broker alone.
   *
   * @param publisher who published it, so that no-local subscriptions of its own are left out
   * @returns false when nobody has subscribed to the topic
   */
  publish(message: Message, publisher: Publisher | undefined, now: number): boolean {
    const { receivers, groups, control } = this.#subscriptions.route(message.topic);
    if (control !== undefined && publisher !== undefined) {
      control(message, publisher.source);
      return true;
    }
    if (message.retain) {
      message.source = publisher?.source;
      this.#retained.store(message);
      this.#deliveriesWorth += deliveriesPerRetained;
    }
    if (receivers.length > 1) message.isForMany = true;
    const { upgradeOutgoingQos } = this.#settings.features;
    for (let i = 0; i < receivers.length; i++) {
      let receiver = receivers[i];
      if (receiver.noLocal && receiver.subscriber === publisher) {
        if (receiver.forOwn === undefined) continue;
        receiver = receiver.forOwn;
      }
      const qos = deliveryQos(message.qos, receiver.qos, upgradeOutgoingQos);
      // [MQTT-3.3.1-12] [MQTT-3.3.1-13]
      const retain = receiver.retainAsPublished && message.retain;
      receiver.subscriber.deliver(message, qos, retain, receiver, now);
    }
    for (let i = 0; i < groups.length; i++) groups[i].deliver(message, upgradeOutgoingQos, now);
    const count = receivers.length + groups.length;
    this.#deliveriesWorth += count;
    return count > 0;
  }
}
