/**
 * What a broker must do, in its plainest form: no bytes, no queues, no indexes. It is told what
 * reaches the broker under test, and says what that one owes to whom.
 */

import type { Connect, Will } from '../../src/packet/connect.ts';
import type { Packet } from '../../src/packet/packet.ts';
import type { Publish } from '../../src/packet/publish.ts';
import { Past } from './past.ts';
import { type Copy, labelOf, type Publication } from './publication.ts';
import { recoverCopies } from './recovered-copies.ts';
import { type Recovery, recoverSession, survivorOf } from './recovery.ts';
import { type EndCause, ReferenceConnection } from './reference-connection.ts';
import { ReferenceRouter, type RouterOptions } from './reference-router.ts';
import { ReferenceSession } from './reference-session.ts';
import type { SessionState } from './session-past.ts';
import type { SimulatedLink } from './simulated-link.ts';

export interface ReferenceOptions extends RouterOptions {
  readonly now: () => number;
  readonly connectSeconds: number;
  readonly sessionExpirySecondsMax: number;
}

const forever = 0xffff_ffff;

export class ReferenceBroker {
  readonly router: ReferenceRouter;
  readonly #options: ReferenceOptions;
  readonly #sessions = new Map<string, ReferenceSession>();
  readonly #connections = new Map<SimulatedLink, ReferenceConnection>();
  // By client identifier: what the store may have.
  readonly #pasts = new Map<string, Past<ReferenceSession | undefined>>();
  #isStoreFailing = false;
  #lastNumber = 0;
  #serial = 0;
  // Until the end of the event.
  #isWaking = false;
  // Connections that ended in the present event.
  #endedNow: ReferenceConnection[] = [];

  constructor(options: ReferenceOptions) {
    this.#options = options;
    this.router = new ReferenceRouter(this.#sessions, options);
  }

  /** The store takes nothing for now, as the broker knows. */
  get isStoreFailing(): boolean {
    return this.#isStoreFailing;
  }

  /** The one that what happens now is stored with. */
  get nextCommit(): number {
    return (this.#options.store?.handedCount ?? 0) + 1;
  }

  storeFails(): void {
    if (this.#isStoreFailing) return;
    this.#isStoreFailing = true;
    for (const connection of this.#connections.values()) {
      if (connection.ended !== undefined) continue;
      connection.storeFails(this.#options.store!.doneCount);
    }
  }

  storeRecovers(): void {
    this.#isStoreFailing = false;
  }

  get sessions(): Iterable<ReferenceSession> {
    return this.#sessions.values();
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  get connections(): Iterable<ReferenceConnection> {
    return this.#connections.values();
  }

  session(clientId: string): ReferenceSession | undefined {
    return this.#sessions.get(clientId);
  }

  connection(link: SimulatedLink): ReferenceConnection {
    return this.#connections.get(link)!;
  }

  /** The client's connection that ended in the present event, if one did. */
  endedNow(clientId: string): ReferenceConnection | undefined {
    return this.#endedNow.find(
      (connection) => connection.clientId === clientId && connection.session !== undefined,
    );
  }

  /** Whether a connection of the client's ended in the present event before its CONNACK. */
  wasRefusedNow(clientId: string): boolean {
    return this.#endedNow.some(
      (connection) =>
        connection.clientId === clientId &&
        (connection.session === undefined || connection.isAwaitingConnack),
    );
  }

  /** The present event is over. @returns the connections that ended in it */
  endEvent(): ReferenceConnection[] {
    const ended = this.#endedNow;
    this.#endedNow = [];
    this.#isWaking = false;
    return ended;
  }

  open(link: SimulatedLink, clientId: string): void {
    const connection = new ReferenceConnection(link, clientId, this.#options.now());
    this.#connections.set(link, connection);
  }

  /** The network connection is over for the broker. */
  over(link: SimulatedLink): void {
    this.end(this.connection(link), 'connection lost');
    this.#connections.delete(link);
  }

  /** The client may come in: its CONNECT takes effect. [MQTT-3.1.4-3] to [MQTT-3.1.4-5] */
  accept(connection: ReferenceConnection): void {
    const connect = connection.connect!;
    const { clientId } = connect;
    const before = this.#sessions.get(clientId)?.connection;
    if (before !== undefined) this.end(before, 'taken over');
    const known = this.#sessions.get(clientId);
    const present = known !== undefined && !connect.cleanStart;
    if (known !== undefined && !present) this.#endSession(known);
    const expirySeconds = Math.min(expirySecondsOf(connect), this.#options.sessionExpirySecondsMax);
    const session = present ? known : this.#newSession(clientId, expirySeconds);
    // [MQTT-3.1.3-9]
    session.absence = undefined;
    session.expirySeconds = expirySeconds;
    session.connection = connection;
    connection.session = session;
    connection.showsLife(this.#options.now());
    connection.will = connect.will;
    const { will } = connect;
    const state = { expirySeconds, will, willAt: undefined };
    this.#oweConnack(session, { present, state });
  }

  /** The client has sent DISCONNECT. */
  leave(connection: ReferenceConnection, disconnect: Packet & { type: 'disconnect' }): void {
    const interval = disconnect.properties?.sessionExpiryInterval;
    if (interval !== undefined && connection.session !== undefined) {
      const seconds = interval === forever ? Number.POSITIVE_INFINITY : interval;
      connection.session.expirySeconds = Math.min(seconds, this.#options.sessionExpirySecondsMax);
    }
    // [MQTT-3.14.4-3]
    if (disconnect.reasonCode === 0) connection.will = undefined;
    this.end(connection, 'client left');
  }

  /** The connection is over, whoever ended it: its will and its session take their course. */
  end(connection: ReferenceConnection, cause: EndCause): void {
    if (connection.ended !== undefined) return;
    connection.ended = cause;
    this.#endedNow.push(connection);
    const { session } = connection;
    if (session === undefined) return;
    // Who has not come in leaves no will.
    const will = connection.isAwaitingConnack ? undefined : connection.will;
    connection.will = undefined;
    session.connection = undefined;
    const now = this.#options.now();
    const delaySeconds = will?.properties?.willDelayInterval ?? 0;
    session.leftAt = now;
    session.absence = {
      will,
      willAt: now + delaySeconds * 1000,
      endsAt: now + session.expirySeconds * 1000,
    };
    this.#saveAbsence(session);
    this.#resolveAbsence(session, now);
  }

  publish(publish: Publish, topic: string, publisher: ReferenceSession) {
    const publication = this.#publication(publish, topic, publisher.clientId);
    const matched = this.router.publish(publication, publisher, this.#isWaking);
    return { publication, matched };
  }

  /** A message could not be stored, and its publisher was told so. */
  refuse(publication: Publication): void {
    for (const session of this.#sessions.values()) session.refuse(publication);
    this.router.refuse(publication);
  }

  /** The broker begins to end: who leaves first is nobody's business. */
  beginShutDown(): void {
    this.#isWaking = true;
  }

  /** The broker is gone, with all that nobody has stored. */
  breakOff(): void {
    for (const connection of this.#connections.values()) {
      connection.ended ??= 'crash';
      if (connection.session?.connection === connection) connection.session.connection = undefined;
    }
    this.#isStoreFailing = false;
  }

  /** A broker begins with what the disk has. @throws BrokenPromise when that cannot be */
  recover(recovery: Recovery): void {
    const { sessions } = recovery.contents;
    const live = sessions.filter(({ record }) => !record.isEnded);
    for (const { record } of live) this.#pastOf(record.clientId);
    this.#sessions.clear();
    this.#lastNumber = Math.max(0, ...sessions.map(({ number }) => number));
    const groups = this.router.beginRecovery();
    for (const [clientId, past] of this.#pasts) {
      const stored = live.find(({ record }) => record.clientId === clientId);
      const session = survivorOf(clientId, { past, stored, recovery });
      this.#pasts.set(clientId, new Past(session));
      if (session === undefined) continue;
      this.#sessions.set(clientId, session);
      recoverSession(session, stored!, { recovery, router: this.router });
    }
    const tools = { recovery, router: this.router, groups };
    for (const session of this.#sessions.values()) {
      const { deliveries } = live.find(({ number }) => number === session.number)!;
      recoverCopies(session, deliveries, tools);
    }
    for (const { record, deliveries } of sessions) {
      if (record.isEnded) groups.takeRemains(deliveries);
    }
    groups.finish(recovery);
    this.router.endRecovery(recovery, groups);
  }

  /** The broker ends the client's connection for its silence. */
  foundSilent(clientId: string): void {
    const connection = this.#sessions.get(clientId)?.connection;
    if (connection === undefined || connection.silentAt > this.#options.now()) return;
    this.end(connection, 'keep-alive');
  }

  /** Does what is due, in the order in which it became due. */
  wake(): void {
    const now = this.#options.now();
    this.#isWaking = true;
    this.router.expireRetained(now);
    for (const { at, happen } of this.#deadlines(now).sort((a, b) => a.at - b.at)) {
      if (at <= now) happen();
    }
  }

  /** A client that the broker would not read for a while is the broker's to judge. */
  #endSilent(connection: ReferenceConnection): void {
    if (!connection.link.wasPaused) this.end(connection, 'keep-alive');
  }

  #deadlines(now: number): { at: number; happen: () => void }[] {
    const connectMilliseconds = this.#options.connectSeconds * 1000;
    const ofConnections = [...this.#connections.values()].map((connection) =>
      connection.session === undefined || connection.isAwaitingConnack
        ? {
            at: connection.openedAt + connectMilliseconds,
            happen: () => this.end(connection, 'no CONNECT in time'),
          }
        : { at: connection.silentAt, happen: () => this.#endSilent(connection) },
    );
    const ofSessions = [...this.#sessions.values()].flatMap((session) => {
      const { absence } = session;
      if (absence === undefined) return [];
      const at = Math.min(absence.endsAt, absence.will ? absence.willAt : absence.endsAt);
      return [{ at, happen: () => this.#resolveAbsence(session, now) }];
    });
    return [...ofConnections, ...ofSessions];
  }

  /** The will goes after its delay or with the session, whichever comes first. [MQTT-3.1.2-8] */
  #resolveAbsence(session: ReferenceSession, now: number): void {
    const absence = session.absence!;
    if (absence.endsAt <= now) {
      this.#endSession(session);
      return;
    }
    const { will } = absence;
    if (will === undefined || absence.willAt > now) return;
    absence.will = undefined;
    this.#saveAbsence(session);
    this.#publishWill(will, session);
  }

  #newSession(clientId: string, expirySeconds: number): ReferenceSession {
    const isKept = this.#options.store !== undefined && expirySeconds > 0;
    // The broker counts those that it stores.
    const session = new ReferenceSession(clientId, isKept ? ++this.#lastNumber : 0);
    this.#sessions.set(clientId, session);
    this.#pastOf(clientId).become(session);
    return session;
  }

  #pastOf(clientId: string): Past<ReferenceSession | undefined> {
    const past = this.#pasts.get(clientId) ?? new Past<ReferenceSession | undefined>(undefined);
    this.#pasts.set(clientId, past);
    return past;
  }

  #oweConnack(
    session: ReferenceSession,
    { present, state }: { present: boolean; state: SessionState },
  ): void {
    const past = this.#pastOf(session.clientId);
    const version = past.presentVersion;
    const { state: stateBefore } = session.past;
    const stateVersion = stateBefore.become(state);
    const certify = () => {
      past.certify(version);
      // Who had a session before is let in though nothing can be stored.
      if (!this.isStoreFailing) stateBefore.certify(stateVersion);
    };
    const connection = session.connection!;
    // It cannot be stored that there is a new session, or that the old one is over.
    const isUncertain = past.possible.some((each) => each !== session && each?.isKept);
    const isNew = session.isKept && past.possible[0] !== session;
    const mayRefuse = isUncertain || isNew;
    const refuse = () => {
      this.#refuseEntry(connection);
      return () => {};
    };
    const refusal = { publication: undefined, commit: undefined, refuse };
    const outcome = `0, session ${present ? 'present' : 'not present'}`;
    connection.owe('connack', 0, [outcome], { certify, refusal: mayRefuse ? refusal : undefined });
  }

  /** A new session cannot be stored: there is none, then. */
  #refuseEntry(connection: ReferenceConnection): void {
    connection.session!.expirySeconds = 0;
    this.end(connection, 'not stored');
  }

  #saveAbsence({ past, absence, expirySeconds }: ReferenceSession): void {
    const { will, willAt } = absence!;
    past.state.become({ expirySeconds, will, willAt: will && willAt });
  }

  #endSession(session: ReferenceSession): void {
    this.#sessions.delete(session.clientId);
    this.#pastOf(session.clientId).become(undefined);
    session.end();
    this.router.forget(session);
    if (this.#isWaking) {
      for (const group of session.groups) group.mayLoseOpen();
    }
    const will = session.absence?.will;
    if (will !== undefined) this.#publishWill(will, session);
  }

  #publishWill(will: Will, session: ReferenceSession): void {
    const publication = this.#publication(will, will.topic, `will of ${session.clientId}`);
    this.router.publish(publication, session, this.#isWaking);
  }

  #publication(source: Publish | Will, topic: string, publisher: string): Publication {
    const seconds = source.properties?.messageExpiryInterval;
    return {
      serial: ++this.#serial,
      label: labelOf(topic, source.payload),
      topic,
      payload: source.payload,
      qos: source.qos,
      retain: source.retain,
      properties: source.properties,
      expiresAt:
        seconds === undefined ? Number.POSITIVE_INFINITY : this.#options.now() + seconds * 1000,
      publisher,
      isAcknowledged: false,
      isDoubtful: false,
    };
  }
}

/** A delivery has come to its end. */
export function settle(session: ReferenceSession, packetId: number, copy: Copy): void {
  session.inflight.delete(packetId);
  copy.state = 'over';
  session.finish(copy, packetId);
  for (const group of session.groups) group.settled(copy);
  const { connection } = session;
  if (connection !== undefined && copy.lastLink === connection.link.number) {
    connection.unacknowledged--;
  }
}

/** MQTT 3.x sessions end at once or never. */
function expirySecondsOf({ version, cleanStart, properties }: Connect): number {
  if (version !== 5) return cleanStart ? 0 : Number.POSITIVE_INFINITY;
  const interval = properties?.sessionExpiryInterval ?? 0;
  return interval === forever ? Number.POSITIVE_INFINITY : interval;
}
