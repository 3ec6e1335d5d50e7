/** A shared subscription: which messages it has to give to one of its members. */

import type { Copy, Publication } from './publication.ts';
import type { ReferenceSession, ReferenceSubscription } from './reference-session.ts';

/** One message for one member, whom the broker chooses. */
export interface Dispatch {
  readonly publication: Publication;
  /** The member's copy, once it has been sent. */
  copy: Copy | undefined;
  holder: ReferenceSession | undefined;
  /** It was perhaps passed on from a member that was lost. */
  isUnordered: boolean;
  /** It was published twice, at QoS 1: nothing tells which of the two a member got. */
  hasTwin: boolean;
  /** There was nobody to give it to, or it was in the queue of whoever left last. */
  mayBeLost: boolean;
  /** A member has acknowledged it, or nobody is to get it any more. */
  isOver: boolean;
}

export class ReferenceGroup {
  /** `$share/GROUP/FILTER` */
  readonly name: string;
  readonly levels: readonly string[];
  readonly #members = new Map<ReferenceSession, ReferenceSubscription>();
  /** Every version of its members' subscriptions: queued messages keep the one of their time. */
  readonly #terms: ReferenceSubscription[] = [];
  readonly #dispatches = new Set<Dispatch>();
  // The store may still have them.
  readonly #finished: Dispatch[] = [];
  readonly #drops = new Map<string, number>();

  constructor(name: string, levels: readonly string[]) {
    this.name = name;
    this.levels = levels;
  }

  get isEmpty(): boolean {
    return this.#members.size === 0;
  }

  /** What has not come to its end. */
  get dispatches(): Iterable<Dispatch> {
    return this.#dispatches;
  }

  /** What has come to its end, too. */
  get everyDispatch(): Iterable<Dispatch> {
    return [...this.#dispatches, ...this.#finished];
  }

  /** Messages to the topic need not be stored, or some were dropped, and nobody tells which. */
  mayForget(topic: string): boolean {
    if (this.#drops.has(topic)) return true;
    return this.#terms.some(({ qos, session }) => qos === 0 || !session.isKept);
  }

  /** It is the same group, made anew. */
  inherit(before: ReferenceGroup): void {
    const known = new Set(this.#terms);
    this.#terms.push(...before.#terms.filter((each) => !known.has(each)));
  }

  /** A message that the store has. */
  goOn(dispatch: Dispatch): void {
    if (this.isEmpty) dispatch.mayBeLost = true;
    this.#dispatches.add(dispatch);
  }

  /** Its publisher was told that it could not be stored: it may be with a member, or not. */
  refuse(publication: Publication): void {
    for (const dispatch of this.#dispatches) {
      if (dispatch.publication === publication) dispatch.mayBeLost = true;
    }
  }

  termsOf(session: ReferenceSession): ReferenceSubscription[] {
    return this.#terms.filter((each) => each.session === session);
  }

  join(subscription: ReferenceSubscription): void {
    this.#members.set(subscription.session, subscription);
    this.#terms.push(subscription);
    subscription.session.groups.add(this);
  }

  leave(session: ReferenceSession): void {
    this.#members.delete(session);
    if (this.isEmpty) this.mayLoseOpen();
  }

  /** Whoever has the messages that nobody was sent may be gone, and nobody else be there. */
  mayLoseOpen(): void {
    for (const dispatch of this.#dispatches) {
      dispatch.mayBeLost = true;
      if (this.isEmpty) dispatch.isUnordered = true;
    }
  }

  dispatch(publication: Publication, mayBeLost: boolean): void {
    let hasTwin = false;
    for (const other of this.#dispatches) {
      if (other.publication.label !== publication.label) continue;
      other.hasTwin = true;
      hasTwin = true;
    }
    const nobody = { copy: undefined, holder: undefined };
    const circumstances = { isUnordered: false, hasTwin, mayBeLost, isOver: false };
    this.#dispatches.add({ publication, ...nobody, ...circumstances });
  }

  /** The messages with that label that no member has been sent; what need not come, last. */
  open(label: string, now: number): Dispatch[] {
    const open = [...this.#dispatches].filter(
      ({ copy, publication }) => copy === undefined && publication.label === label,
    );
    if (open.length < 2) return open;
    const needNotCome = ({ publication, mayBeLost }: Dispatch) =>
      mayBeLost || publication.expiresAt <= now;
    return [...open.filter((each) => !needNotCome(each)), ...open.filter(needNotCome)];
  }

  /** A member says that it has dropped a message to that topic; which one it does not say. */
  dropped(topic: string): void {
    this.#drops.set(topic, (this.#drops.get(topic) ?? 0) + 1);
  }

  /** Messages that no member has been sent, beyond those that were dropped. */
  missing(now: number): Dispatch[] {
    const drops = new Map(this.#drops);
    return [...this.#dispatches].filter(({ copy, mayBeLost, isUnordered, publication }) => {
      const { topic, expiresAt } = publication;
      // What has expired is not passed on to another member.
      if (copy !== undefined || mayBeLost || publication.isDoubtful) return false;
      if (isUnordered && expiresAt <= now) return false;
      const left = drops.get(topic) ?? 0;
      drops.set(topic, left - 1);
      return left <= 0;
    });
  }

  finish(dispatch: Dispatch): void {
    dispatch.isOver = true;
    this.#dispatches.delete(dispatch);
    this.#finished.push(dispatch);
  }

  /** The member's delivery is over, and with it the dispatch. */
  settled(copy: Copy): void {
    for (const dispatch of this.#dispatches) {
      if (dispatch.copy === copy) this.finish(dispatch);
    }
  }

  /**
   * A session has ended: what it had not acknowledged goes to another member, but for QoS 2, which
   * it may have got. [MQTT-4.8.2-5]
   */
  lost(session: ReferenceSession): void {
    for (const dispatch of this.#dispatches) {
      if (dispatch.copy !== undefined && dispatch.holder !== session) continue;
      if (dispatch.copy?.qos === 2) {
        this.finish(dispatch);
        continue;
      }
      // One that was not sent may have been in its queue.
      dispatch.copy = undefined;
      dispatch.holder = undefined;
      dispatch.isUnordered = true;
      if (this.isEmpty) dispatch.mayBeLost = true;
    }
  }
}
