/** All sessions: who takes one up, when it ends, and what happens to its will. */

import type { Will } from '../packet/connect.ts';
import { type Deadlines, notScheduled, type Timed } from '../session/deadlines.ts';
import type { Delivery } from '../session/delivery.ts';
import { type Access, decidesAlike, maySucceed } from './access.ts';
import {
  ClientSession,
  type ClientSessionOptions,
  type KeptSession,
  type SessionConnection,
} from './client-session.ts';
import type { Acceptance, ClientIdentity } from './ports.ts';
import { passOnRemains } from './remains.ts';
import type { KeptTerms } from './state/kept-delivery.ts';
import { KeptMessage } from './state/kept-message.ts';
import type { SessionLogs } from './state/session-logs.ts';
import type { SessionRecord } from './state/session-record.ts';
import type { Subscriptions } from './subscriptions.ts';
import type { Wills } from './wills.ts';

export interface SessionsOptions extends ClientSessionOptions {
  readonly deadlines: Deadlines;
  readonly subscriptions: Subscriptions;
  readonly wills: Wills;
  /** Absent where nothing is stored. */
  readonly logs: SessionLogs | undefined;
}

/** What a client asks for that comes in. */
export interface SessionRequest {
  readonly access: Access;
  readonly cleanStart: boolean;
  /** Seconds that the session outlives the connection; Infinity: for ever. */
  readonly expirySeconds: number;
  /** Its will, should it leave one. */
  readonly will: Will | undefined;
  readonly connection: SessionConnection;
}

/** When the will of an absent client is due, and when its session ends, by the clock. */
interface Absent {
  readonly left: Will | undefined;
  readonly leftAt: number;
  readonly willAt: number;
  readonly endsAt: number;
}

// Endings that are remembered before those are forgotten that are safe.
const endingsMax = 1024;

export class Sessions {
  readonly #options: SessionsOptions;
  readonly #byClientId = new Map<string, ClientSession>();
  // The commits with which kept sessions end, as long as these are not safe.
  readonly #endings = new Map<string, number>();
  // Only of sessions whose client is away and which have something to wait for.
  readonly #absences = new Map<ClientSession, Absence>();

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /** All of them, connected or not. */
  all(): Iterable<ClientSession> {
    return this.#byClientId.values();
  }

  get count(): number {
    return this.#byClientId.size;
  }

  has(clientId: string): boolean {
    return this.#byClientId.has(clientId);
  }

  /** The commit with which the last session of the client has ended for good; 0: it has. */
  endingOf(clientId: string): number {
    return this.#endings.get(clientId) ?? 0;
  }

  /** Messages that wait for clients or for their acknowledgements, each counted once per client. */
  get heldMessages(): number {
    let count = 0;
    for (const { outgoing } of this.#byClientId.values()) {
      count += outgoing.unacknowledgedCount + outgoing.queuedCount;
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
    { access, cleanStart, expirySeconds, will, connection }: SessionRequest,
    now: number,
  ): { readonly session: ClientSession; readonly present: boolean } {
    const { clientId } = access.client;
    this.#byClientId.get(clientId)?.connection?.takeOver();
    const known = this.#byClientId.get(clientId);
    const present = known !== undefined && !cleanStart && maySucceed(known.access, access);
    // The will of the connection before is not sent any more. [MQTT-3.1.3-9]
    if (present) this.#forgetAbsence(known);
    else if (known !== undefined) this.end(known, now);
    const session = present ? known : this.#create(access, expirySeconds);
    const { access: before } = session;
    session.expirySeconds = expirySeconds;
    session.claim(connection, access);
    if (!decidesAlike(before, access)) this.#askAnew(session);
    this.#save(session, { left: will, leftAt: undefined });
    return { session, present };
  }

  /** From now on this holds for absent clients that came in by the listener. */
  listenerChanged(listenerName: string, now: Pick<Access, 'gatekeeper' | 'mountPoint'>): void {
    for (const session of this.#byClientId.values()) {
      const { access, connection } = session;
      if (connection !== undefined || access.listenerName !== listenerName) continue;
      session.judgeBy({ ...access, ...now });
      if (!decidesAlike(access, session.access)) this.#askAnew(session);
    }
  }

  /**
   * The client that uses the session has authenticated again: what it may do goes by that from now
   * on.
   *
   * @returns the client with its new account
   */
  reidentify<Client extends ClientIdentity>(
    session: ClientSession,
    client: Client,
    { account }: Pick<Acceptance, 'account'>,
  ): Client {
    const { access } = session;
    session.judgeBy({ ...access, client: { ...access.client, account } });
    if (!decidesAlike(access, session.access)) this.#askAnew(session);
    return { ...client, account };
  }

  /** Gatekeepers decide otherwise than before. */
  accessChanged(): void {
    for (const session of this.#byClientId.values()) session.checkAnew();
  }

  /** Takes up a session that the store had, whose client is away. */
  restore(access: Access, kept: KeptSession): ClientSession {
    const session = new ClientSession(access, this.#options, kept);
    this.#byClientId.set(session.clientId, session);
    return session;
  }

  /** The same for one that has ended, of which only messages are left. */
  restoreRemains(access: Access, kept: KeptSession, now: number): void {
    this.#passOn(new ClientSession(access, this.#options, kept), now);
  }

  /** What a restored session waits for. */
  awaitRestored(session: ClientSession, absent: Absent): void {
    this.#schedule(new Absence(session, this, absent));
  }

  /** The session's connection is over; `left` unless the client has taken its will back. */
  leave(session: ClientSession, left: Will | undefined, now: number): void {
    session.detach();
    const delaySeconds = left?.properties?.willDelayInterval ?? 0;
    const willIsDue = left !== undefined && (delaySeconds === 0 || session.expirySeconds === 0);
    const waiting = willIsDue ? undefined : left;
    const willAt = now + delaySeconds * 1000;
    if (session.expirySeconds === 0) this.end(session, now);
    else {
      this.#await(session, waiting, willAt, now);
      this.#save(session, { left: waiting, leftAt: now, willAt });
    }
    if (willIsDue) this.#options.wills.publish(left, session, now);
  }

  /** Ends a session: subscriptions and queue go, and its will is sent if it waited for that. */
  end(session: ClientSession, now: number): void {
    this.#byClientId.delete(session.clientId);
    const left = this.#forgetAbsence(session)?.left;
    for (const subscription of session.subscriptions()) {
      this.#options.subscriptions.remove(subscription);
      session.log?.removeSubscription(subscription);
    }
    for (const packetId of session.incoming.openIds()) session.log?.closed(packetId);
    this.#passOn(session, now);
    if (session.isKept) this.#noteEnding(session.clientId);
    if (left !== undefined) this.#options.wills.publish(left, session, now);
  }

  /** The broker ends: every will that waits is due, but those that the store will remember. */
  endAbsences(now: number): void {
    for (const { left, session } of [...this.#absences.values()]) {
      if (left !== undefined && !session.isKept) this.#options.wills.publish(left, session, now);
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
    this.#save(session, { left: undefined, leftAt: absence.leftAt });
    if (left !== undefined) this.#options.wills.publish(left, session, now);
  }

  #await(session: ClientSession, left: Will | undefined, willAt: number, now: number): void {
    const endsAt = now + session.expirySeconds * 1000;
    this.#schedule(new Absence(session, this, { left, leftAt: now, willAt, endsAt }));
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

  /** Other messages may reach its client than before. */
  #askAnew(session: ClientSession): void {
    for (const subscription of session.subscriptions()) {
      this.#options.subscriptions.accessChangedFor(subscription);
    }
  }

  #create(access: Access, expirySeconds: number): ClientSession {
    const { logs } = this.#options;
    const isKept = logs !== undefined && expirySeconds > 0;
    const kept = isKept ? { log: logs.create() } : undefined;
    const session = new ClientSession(access, this.#options, kept);
    this.#byClientId.set(session.clientId, session);
    return session;
  }

  #noteEnding(clientId: string): void {
    const { journal } = this.#options.logs!.tools;
    if (this.#endings.size >= endingsMax) {
      for (const [id, commit] of this.#endings)
        if (journal.isKept(commit)) this.#endings.delete(id);
    }
    this.#endings.set(clientId, journal.horizon);
  }

  /** @param leftAt the clock's milliseconds; undefined while its client is there */
  #save(
    { log, clientId, expirySeconds, access }: ClientSession,
    { left, leftAt, willAt }: { left: Will | undefined; leftAt?: number; willAt?: number },
  ): void {
    if (log === undefined) return;
    const { calendar } = this.#options.logs!.tools;
    const dateOf = (at: number | undefined) => (at === undefined ? 0 : calendar.dateOf(at));
    log.saveSession({
      clientId,
      isEnded: false,
      expirySeconds,
      leftAt: dateOf(leftAt),
      identity: identityOf(access),
      will: left && { will: left, dueAt: dateOf(willAt) },
    });
  }

  #passOn(session: ClientSession, now: number): void {
    const { log, clientId } = session;
    let isDone = false;
    passOnRemains(session, (delivery, from, at) => this.#passOnDelivery(delivery, from, at), {
      now,
      done: () => {
        isDone = true;
        log?.removeSession();
      },
    });
    if (isDone || log === undefined) return;
    const ended = { isEnded: true, expirySeconds: 0, leftAt: 1 };
    log.saveSession({ clientId, ...ended, identity: undefined, will: undefined });
  }

  /**
   * What a member of a shared group leaves goes to another. A QoS 2 message that was sent must
   * not: the lost client may have got it. [MQTT-4.8.2-5]
   */
  #passOnDelivery(delivery: Delivery, session: ClientSession, now: number): void {
    const { message, qos, state, terms, wasSent } = delivery;
    if (state === 'released') return;
    const group = (terms as KeptTerms | undefined)?.group;
    const isSent = qos === 2 && wasSent;
    if (group === undefined || group.isEmpty || isSent || message.expiresAt <= now) {
      session.dropped(message, qos, 'session ended');
      return;
    }
    // Its publisher may still wait for it, and must wait on.
    const custody = KeptMessage.of(message);
    const { isBeingRouted } = custody;
    custody.isBeingRouted = true;
    group.deliver(message, this.#options.settings.features.upgradeOutgoingQos, now);
    custody.isBeingRouted = isBeingRouted;
  }
}

function identityOf({ client, listenerName, isKnown }: Access): SessionRecord['identity'] {
  return isKnown ? { userName: client.userName, listenerName } : undefined;
}

/** The time in which a session has no connection. */
class Absence implements Timed {
  heapIndex = notScheduled;
  dueAt = 0;
  readonly session: ClientSession;
  readonly leftAt: number;
  readonly willAt: number;
  readonly endsAt: number;
  left: Will | undefined;
  readonly #sessions: Sessions;

  constructor(
    session: ClientSession,
    sessions: Sessions,
    { left, leftAt, willAt, endsAt }: Absent,
  ) {
    this.leftAt = leftAt;
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
