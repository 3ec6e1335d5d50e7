/** All sessions: who takes one up, when it ends, and what happens to its will. */

import { ClientSession, type ClientSessionOptions } from './client-session.ts';
import { type Deadlines, notScheduled, type Timed } from './deadlines.ts';
import { Subscription } from './subscription.ts';
import type { Subscriptions } from './subscriptions.ts';
import type { LeftWill, Wills } from './wills.ts';

export interface SessionsOptions extends ClientSessionOptions {
  readonly deadlines: Deadlines;
  readonly subscriptions: Subscriptions;
  readonly wills: Wills;
}

export class Sessions {
  readonly #options: SessionsOptions;
  readonly #byClientId = new Map<string, ClientSession>();
  // Only of sessions whose client is away and which have something to wait for.
  readonly #absences = new Map<ClientSession, Absence>();

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#byClientId.size;
  }

  has(clientId: string): boolean {
    return this.#byClientId.has(clientId);
  }

  /** Messages that wait for clients or for their acknowledgements, each counted once per client. */
  get heldMessages(): number {
    let count = 0;
    for (const { outgoing } of this.#byClientId.values()) {
      count += outgoing.inflightCount + outgoing.queuedCount;
    }
    return count;
  }

  /** The same in bytes. */
  get heldBytes(): number {
    let bytes = 0;
    for (const { outgoing } of this.#byClientId.values()) bytes += outgoing.heldBytes;
    return bytes;
  }

  /**
   * The session for a new connection; whoever is connected with the same identifier is
   * disconnected first. [MQTT-3.1.4-3] to [MQTT-3.1.4-6]
   */
  open(
    clientId: string,
    cleanStart: boolean,
    now: number,
  ): { readonly session: ClientSession; readonly present: boolean } {
    this.#byClientId.get(clientId)?.connection?.takeOver();
    const known = this.#byClientId.get(clientId);
    if (known !== undefined && !cleanStart) {
      // The will of the connection before is not sent any more. [MQTT-3.1.3-9]
      this.#forgetAbsence(known);
      return { session: known, present: true };
    }
    if (known !== undefined) this.end(known, now);
    const session = new ClientSession(clientId, this.#options);
    this.#byClientId.set(clientId, session);
    return { session, present: false };
  }

  /** The session's connection is over; `left` unless the client has taken its will back. */
  leave(session: ClientSession, left: LeftWill | undefined, now: number): void {
    session.detach();
    const delaySeconds = left?.will.properties?.willDelayInterval ?? 0;
    const willIsDue = left !== undefined && (delaySeconds === 0 || session.expirySeconds === 0);
    if (session.expirySeconds === 0) this.end(session, now);
    else this.#await(session, willIsDue ? undefined : left, now + delaySeconds * 1000, now);
    if (willIsDue) this.#options.wills.publish(left, session, now);
  }

  /** Ends a session: subscriptions and queue go, and its will is sent if it waited for that. */
  end(session: ClientSession, now: number): void {
    this.#byClientId.delete(session.clientId);
    const left = this.#forgetAbsence(session)?.left;
    for (const subscription of session.subscriptions()) {
      this.#options.subscriptions.remove(subscription);
    }
    this.#passOn(session, now);
    if (left !== undefined) this.#options.wills.publish(left, session, now);
  }

  /** Every will that waits is due: the broker ends. */
  endAbsences(now: number): void {
    for (const { left, session } of [...this.#absences.values()]) {
      if (left !== undefined) this.#options.wills.publish(left, session, now);
    }
  }

  /** Part of an absence is over: the will is due, or the session ends. */
  resolve(absence: Absence, now: number): void {
    const { session, left } = absence;
    if (now >= absence.endsAt) {
      this.#options.counters.expiredSessions++;
      this.end(session, now);
      this.#options.observer.sessionExpired?.(session.clientId);
      return;
    }
    absence.left = undefined;
    this.#schedule(absence);
    if (left !== undefined) this.#options.wills.publish(left, session, now);
  }

  #await(session: ClientSession, left: LeftWill | undefined, willAt: number, now: number): void {
    const endsAt = now + session.expirySeconds * 1000;
    const absence = new Absence(session, this, { left, willAt, endsAt });
    this.#schedule(absence);
  }

  #schedule(absence: Absence): void {
    const at =
      absence.left === undefined ? absence.endsAt : Math.min(absence.willAt, absence.endsAt);
    if (at === Number.POSITIVE_INFINITY) {
      this.#absences.delete(absence.session);
      return;
    }
    this.#absences.set(absence.session, absence);
    this.#options.deadlines.set(absence, at);
  }

  #forgetAbsence(session: ClientSession): Absence | undefined {
    const absence = this.#absences.get(session);
    if (absence === undefined) return undefined;
    this.#absences.delete(session);
    this.#options.deadlines.clear(absence);
    return absence;
  }

  /**
   * What a member of a shared group leaves goes to another. A QoS 2 message that was sent must
   * not: the lost client may have got it. [MQTT-4.8.2-5]
   */
  #passOn(session: ClientSession, now: number): void {
    for (const { message, qos, state, terms } of session.outgoing.abandon()) {
      const group = terms instanceof Subscription ? terms.group : undefined;
      const isSent = qos === 2 && state !== 'waiting';
      if (group === undefined || group.isEmpty || isSent || message.expiresAt <= now) {
        session.dropped(message, qos, 'session ended');
      } else {
        group.deliver(message, this.#options.upgradeQos, now);
      }
    }
  }
}

/** The time in which a session has no connection. */
class Absence implements Timed {
  heapIndex = notScheduled;
  dueAt = 0;
  readonly session: ClientSession;
  readonly willAt: number;
  readonly endsAt: number;
  left: LeftWill | undefined;
  readonly #sessions: Sessions;

  constructor(
    session: ClientSession,
    sessions: Sessions,
    { left, willAt, endsAt }: { left: LeftWill | undefined; willAt: number; endsAt: number },
  ) {
    this.session = session;
    this.#sessions = sessions;
    this.left = left;
    this.willAt = willAt;
    this.endsAt = endsAt;
  }

  due(now: number): void {
    this.#sessions.resolve(this, now);
  }
}
