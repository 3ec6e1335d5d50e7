/** The members of one shared subscription, who take turns. (MQTT 5.0 section 4.8.2) */

import type { Message } from '../session/message.ts';
import { deliveryQos, type Subscription } from './subscription.ts';

// Of topics that were asked for; then all are forgotten, and asked for anew.
const barredTopicsMax = 1000;
const nobody: ReadonlySet<Subscription> = new Set();

/** Each message goes to one member. */
export class SharedGroup {
  /** The filter behind `$share/NAME/`. */
  readonly filter: string;
  readonly #members: Subscription[] = [];
  #turn = 0;
  // Nobody has to be asked; undefined where that is not known.
  #receiveAll: boolean | undefined;
  // By topic: the members that its messages may not reach.
  #barred: Map<string, ReadonlySet<Subscription>> | undefined;

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
    this.accessChanged();
  }

  remove(member: Subscription): void {
    const index = this.#members.indexOf(member);
    if (index === -1) return;
    this.#members.splice(index, 1);
    this.accessChanged();
    if (index < this.#turn) this.#turn--;
  }

  /** Who may receive what is to be asked anew. */
  accessChanged(): void {
    this.#receiveAll = undefined;
    this.#barred = undefined;
  }

  /**
   * Gives the message to the next member that can send it at once, else to the one with the
   * shortest queue. When nobody can take it, the member whose turn it is drops it and says why. A
   * member that may not receive the topic is passed over.
   */
  deliver(message: Message, upgradeQos: boolean, now: number): void {
    const member = this.#choose(message, upgradeQos);
    if (member === undefined) return this.#dropForAll(message, upgradeQos);
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
    const barred = this.#barredFrom(message.topic);
    let best: Subscription | undefined;
    let bestLoad = Number.POSITIVE_INFINITY;
    let bestIndex = this.#turn;
    for (let i = 0; i < members.length; i++) {
      const index = (this.#turn + i) % members.length;
      const member = members[index];
      if (barred.has(member)) continue;
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

  #barredFrom(topic: string): ReadonlySet<Subscription> {
    this.#receiveAll ??= this.#members.every(({ subscriber }) => subscriber.receivesAll);
    if (this.#receiveAll) return nobody;
    const known = this.#barred?.get(topic);
    if (known !== undefined) return known;
    const barred = this.#members.filter(({ subscriber }) => !subscriber.mayReceive(topic));
    const answer = barred.length === 0 ? nobody : new Set(barred);
    if (this.#barred === undefined || this.#barred.size >= barredTopicsMax)
      this.#barred = new Map();
    this.#barred.set(topic, answer);
    return answer;
  }

  /** No member may receive it. */
  #dropForAll(message: Message, upgradeQos: boolean): void {
    const member = this.#members[this.#turn];
    if (member === undefined) return;
    const qos = deliveryQos(message.qos, member.qos, upgradeQos);
    member.subscriber.dropped(message, qos, 'not allowed');
  }
}
