/** The members of one shared subscription, who take turns. (MQTT 5.0 section 4.8.2) */

import { Fifo } from '../session/fifo.ts';
import type { Message } from '../session/message.ts';
import { awayLoad, deliveryQos, type Subscription } from './subscription.ts';

// The most that one message looks at of those who are alike, before it takes the best of them; a
// group of 1,000 whose members are all full costs 13.1 → 0.34 µs (bench/micro/shared-group.ts).
const looksMax = 8;
// Those who have left are taken out when they are one in so many.
const goneShare = 4;
// Of topics that were asked for; then all are forgotten, and asked for anew.
const barredTopicsMax = 1000;
const nobody: ReadonlySet<Subscription> = new Set();

/** Each message goes to one member. */
export class SharedGroup {
  /** The filter behind `$share/NAME/`. */
  readonly filter: string;
  // By what they could do when they were last looked at, in the order in which they take turns: the
  // tiers of `tierOf`.
  readonly #tiers = Array.from({ length: tierCount }, () => new Fifo<Subscription>());
  // Are not members any more, and have to be taken out there: a group of 100,000 may leave at once.
  readonly #gone = new Set<Subscription>();
  #count = 0;
  #keptCount = 0;
  // Nobody has to be asked; undefined where that is not known.
  #receiveAll: boolean | undefined;
  // By topic: the members that its messages may not reach.
  #barred: Map<string, ReadonlySet<Subscription>> | undefined;

  constructor(filter: string) {
    this.filter = filter;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** Whether what it is given may have to be stored. */
  get isKept(): boolean {
    return this.#keptCount > 0;
  }

  add(member: Subscription): void {
    this.#tiers[0].push(member);
    this.#count++;
    if (member.subscriber.isKept) this.#keptCount++;
    this.accessChanged();
  }

  /** One that is a member. */
  remove(member: Subscription): void {
    this.#gone.add(member);
    this.#count--;
    if (member.subscriber.isKept) this.#keptCount--;
    this.accessChanged();
    if (this.#gone.size * goneShare < this.#count) return;
    for (const tier of this.#tiers) tier.remove((other) => this.#gone.has(other));
    this.#gone.clear();
  }

  /** Who may receive what is to be asked anew. */
  accessChanged(): void {
    this.#receiveAll = undefined;
    this.#barred = undefined;
  }

  /**
   * Gives the message to the next member that can send it at once, else to one with a short queue;
   * when the group is large, not always the shortest. When nobody can take it, the member whose
   * turn it is drops it and says why. A member that may not receive the topic is passed over.
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
    const barred = this.#barredFrom(message.topic);
    const tiers = this.#tiers;
    // Who could not send at once may do so by now: one of each kind, for none to be forgotten.
    for (let tier = 1; tier < tierCount; tier++) {
      const member = this.#next(tier);
      if (member !== undefined) tiers[tierOf(loadOf(member, message, upgradeQos))].push(member);
    }
    let best: Subscription | undefined;
    let bestLoad = Number.POSITIVE_INFINITY;
    for (let tier = 0; tier < tierCount && best === undefined; tier++) {
      let looks = looksMax;
      for (let left = tiers[tier].length; left > 0 && looks > 0; left--) {
        const member = this.#next(tier);
        if (member === undefined) break;
        if (barred.has(member)) {
          tiers[tier].push(member);
          continue;
        }
        const load = loadOf(member, message, upgradeQos);
        const now = tierOf(load);
        tiers[now].push(member);
        // It is not looked at again here: so all who can send at once come before any other.
        if (now > tier) continue;
        looks--;
        if (best !== undefined && load >= bestLoad) continue;
        best = member;
        bestLoad = load;
        if (load === 0) return best;
      }
    }
    return best;
  }

  /** The next of a tier, taken out of it. */
  #next(tier: number): Subscription | undefined {
    let member = this.#tiers[tier].shift();
    while (this.#gone.size > 0 && member !== undefined && this.#gone.delete(member)) {
      member = this.#tiers[tier].shift();
    }
    return member;
  }

  #barredFrom(topic: string): ReadonlySet<Subscription> {
    this.#receiveAll ??= this.#members().every(({ subscriber }) => subscriber.receivesAll);
    if (this.#receiveAll) return nobody;
    const known = this.#barred?.get(topic);
    if (known !== undefined) return known;
    const barred = this.#members().filter(({ subscriber }) => !subscriber.mayReceive(topic));
    const answer = barred.length === 0 ? nobody : new Set(barred);
    if (this.#barred === undefined || this.#barred.size >= barredTopicsMax)
      this.#barred = new Map();
    this.#barred.set(topic, answer);
    return answer;
  }

  #members(): Subscription[] {
    return this.#tiers.flatMap((tier) => [...tier]).filter((member) => !this.#gone.has(member));
  }

  /** No member may receive it. */
  #dropForAll(message: Message, upgradeQos: boolean): void {
    const [member] = this.#members();
    if (member === undefined) return;
    const qos = deliveryQos(message.qos, member.qos, upgradeQos);
    member.subscriber.dropped(message, qos, 'not allowed');
  }
}

const tierCount = 4;

/** Who can send at once, has a queue, is away, or cannot take anything; see `loadFor`. */
function tierOf(load: number): number {
  if (load === 0) return 0;
  if (load < awayLoad) return 1;
  return load < Number.POSITIVE_INFINITY ? 2 : 3;
}

function loadOf(member: Subscription, message: Message, upgradeQos: boolean): number {
  return member.subscriber.loadFor(deliveryQos(message.qos, member.qos, upgradeQos));
}
