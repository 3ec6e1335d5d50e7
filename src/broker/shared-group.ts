/** The members of one shared subscription, who take turns. (MQTT 5.0 section 4.8.2) */

import type { Message } from '../session/message.ts';
import { deliveryQos, type Subscription } from './subscription.ts';

/** Each message goes to one member. */
export class SharedGroup {
  /** The filter behind `$share/NAME/`. */
  readonly filter: string;
  readonly #members: Subscription[] = [];
  #turn = 0;

  constructor(filter: string) {
    this.filter = filter;
  }

  get isEmpty(): boolean {
    return this.#members.length === 0;
  }

  /** Whether what it is given may have to be stored. */
  get isKept(): boolean {
    return this.#members.some(({ subscriber }) => subscriber.isKept);
  }

  add(member: Subscription): void {
    this.#members.push(member);
  }

  remove(member: Subscription): void {
    const index = this.#members.indexOf(member);
    if (index === -1) return;
    this.#members.splice(index, 1);
    if (index < this.#turn) this.#turn--;
  }

  /**
   * Gives the message to the next member that can send it at once, else to the one with the
   * shortest queue. When nobody can take it, the member whose turn it is drops it and says why.
   */
  deliver(message: Message, upgradeQos: boolean, now: number): void {
    const member = this.#choose(message, upgradeQos);
    if (member === undefined) return;
    member.subscriber.deliver(
      message,
      deliveryQos(message.qos, member.qos, upgradeQos),
      member.retainAsPublished && message.retain,
      member,
      now,
    );
  }

  #choose(message: Message, upgradeQos: boolean): Subscription | undefined {
    const members = this.#members;
    let best: Subscription | undefined;
    let bestLoad = Number.POSITIVE_INFINITY;
    let bestIndex = this.#turn;
    for (let i = 0; i < members.length; i++) {
      const index = (this.#turn + i) % members.length;
      const member = members[index];
      const load = member.subscriber.loadFor(deliveryQos(message.qos, member.qos, upgradeQos));
      if (best !== undefined && load >= bestLoad) continue;
      best = member;
      bestLoad = load;
      bestIndex = index;
      if (load === 0) break;
    }
    this.#turn = members.length === 0 ? 0 : (bestIndex + 1) % members.length;
    return best;
  }
}
