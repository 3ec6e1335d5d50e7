/** What the broker owes one client identifier, and what that has subscribed to. */

import type { Will } from '../../src/packet/connect.ts';
import type { QoS } from '../../src/packet/version.ts';
import { type Copy, identifiersText, type Publication, type Terms } from './publication.ts';
import type { ReferenceConnection } from './reference-connection.ts';
import type { ReferenceGroup } from './reference-group.ts';
import { ReferenceReplays } from './reference-replays.ts';
import { SessionPast } from './session-past.ts';
import { levelsMatch } from './topics.ts';

/** One filter of a session. */
export interface ReferenceSubscription {
  readonly session: ReferenceSession;
  /** As the client wrote it. */
  readonly filter: string;
  /** Of the filter without its share. */
  readonly levels: readonly string[];
  readonly qos: QoS;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly identifier: number | undefined;
  readonly group: ReferenceGroup | undefined;
}

/** A client that is away: what its session and its will wait for. */
export interface Absence {
  will: Will | undefined;
  readonly willAt: number;
  readonly endsAt: number;
}

export class ReferenceSession {
  readonly clientId: string;
  /** Under which the store has it; 0: it is not stored. */
  readonly number: number;
  expirySeconds = 0;
  connection: ReferenceConnection | undefined;
  absence: Absence | undefined;
  /** When its client went, as far as the store knows. */
  leftAt: number | undefined;
  readonly subscriptions = new Map<string, ReferenceSubscription>();
  /** Groups that it belongs to or has belonged to: what they gave it may still come. */
  readonly groups = new Set<ReferenceGroup>();
  readonly inflight = new Map<number, Copy>();
  /** QoS 2 packet ids that the client has not released. */
  readonly openIncoming = new Map<number, Publication>();
  replays = new ReferenceReplays();
  past = new SessionPast();
  readonly #due = new Map<string, Copy[]>();
  readonly #lastFirst = new Map<string, number>();
  #waiting = 0;

  constructor(clientId: string, number = 0) {
    this.clientId = clientId;
    this.number = number;
  }

  /** It outlives the broker. */
  get isKept(): boolean {
    return this.number > 0;
  }

  /** Copies of QoS 1 and 2 that were never sent: what its queue holds at least. */
  get waitingCount(): number {
    return this.#waiting;
  }

  /** A connection has it, and has not been told so yet. */
  get isAwaitingConnack(): boolean {
    return this.connection?.isAwaitingConnack ?? false;
  }

  /** Its client may be sent something. */
  get isOnline(): boolean {
    return this.connection !== undefined && !this.isAwaitingConnack;
  }

  get dueCopies(): Copy[] {
    return [...this.#due.values()].flat();
  }

  /**
   * How a message reaches it: once, with the highest QoS of all its filters that match.
   *
   * @returns undefined when it does not
   */
  termsFor(
    topic: readonly string[],
    { qos, retain }: Publication,
    { isOwn, upgrade }: { isOwn: boolean; upgrade: boolean },
  ): Terms | undefined {
    let highest = -1;
    let retainAsPublished = false;
    const identifiers: number[] = [];
    for (const each of this.subscriptions.values()) {
      // [MQTT-3.8.3-3]
      if (each.group !== undefined || (each.noLocal && isOwn)) continue;
      if (!levelsMatch(each.levels, topic)) continue;
      highest = Math.max(highest, each.qos);
      retainAsPublished ||= each.retainAsPublished;
      if (each.identifier !== undefined) identifiers.push(each.identifier);
    }
    if (highest === -1) return undefined;
    return {
      qos: (upgrade ? highest : Math.min(highest, qos)) as QoS,
      retain: retain && retainAsPublished,
      identifiers: identifiersText(identifiers),
    };
  }

  owe(copy: Copy): void {
    const { label } = copy.publication;
    const known = this.#due.get(label);
    if (known === undefined) this.#due.set(label, [copy]);
    else known.push(copy);
    if (copy.qos > 0) this.#waiting++;
  }

  /** The copies of a message that are still to be sent, in their order. */
  dueOf(label: string): readonly Copy[] {
    return this.#due.get(label) ?? [];
  }

  /** It was sent, or dropped. */
  noLongerDue(copy: Copy): void {
    const { label } = copy.publication;
    const left = this.#due.get(label)!.filter((each) => each !== copy);
    if (left.length === 0) this.#due.delete(label);
    else this.#due.set(label, left);
    if (copy.qos > 0) this.#waiting--;
  }

  /** It is not sent any more. */
  drop(copy: Copy): void {
    this.noLongerDue(copy);
    this.finish(copy);
  }

  /**
   * What could not be stored must not come any more, unless it was sent before, or was in part
   * stored before: that may be where the message or the copy is of QoS 1.
   */
  refuse(publication: Publication): void {
    if (!this.isKept || publication.qos === 1) return;
    for (const copy of this.dueOf(publication.label)) {
      if (copy.publication !== publication || copy.qos !== 2) continue;
      copy.isRefused = true;
      this.drop(copy);
    }
  }

  /**
   * The session ends. Should the store have it again after a crash, it need not have what nobody
   * had been promised by then.
   */
  end(): void {
    if (!this.isKept) return;
    for (const copy of this.dueCopies) if (!copy.publication.isAcknowledged) this.drop(copy);
    for (const [packetId, copy] of this.inflight) {
      if (copy.publication.isAcknowledged || copy.qos === 2) continue;
      this.inflight.delete(packetId);
      this.finish(copy, packetId);
    }
  }

  /** It is over; where the store has it, it may come back after a crash. */
  finish(copy: Copy, packetId = 0): void {
    if (this.isKept) this.past.finished.push({ copy, packetId });
  }

  /** The store has it. */
  recoverOpenId(packetId: number, publication: Publication): void {
    this.openIncoming.set(packetId, publication);
    const past = this.past.openId(packetId);
    past.certify(past.become(publication));
  }

  recoverSubscription(subscription: ReferenceSubscription): void {
    const { filter } = subscription;
    this.subscriptions.set(filter, subscription);
    const past = this.past.subscription(filter);
    past.certify(past.become(subscription));
  }

  /** Forgets what it is owed, to go on with what the store has of that. */
  forgetCopies(): void {
    this.past.finished.length = 0;
    this.inflight.clear();
    this.replays = new ReferenceReplays();
    this.#due.clear();
    this.#lastFirst.clear();
    this.#waiting = 0;
  }

  /** @returns false when a later message of the lane has been sent before it */
  isInOrder({ lane, publication }: Copy): boolean {
    if (lane === undefined) return true;
    const last = this.#lastFirst.get(lane) ?? -1;
    this.#lastFirst.set(lane, publication.serial);
    return publication.serial > last;
  }
}
