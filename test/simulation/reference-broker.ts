/**
 * What a broker must do, in its plainest form: no bytes, no queues, no indexes. It is told what
 * reaches the broker under test, and says what that one owes to whom.
 */

import type { Connect, Will } from '../../src/packet/connect.ts';
import type { Packet } from '../../src/packet/packet.ts';
import type { Publish } from '../../src/packet/publish.ts';
import { type Copy, labelOf, type Publication } from './publication.ts';
import { type EndCause, ReferenceConnection } from './reference-connection.ts';
import { ReferenceRouter, type RouterOptions } from './reference-router.ts';
import { ReferenceSession } from './reference-session.ts';
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
  #serial = 0;
  // Until the end of the event.
  #isWaking = false;
  // Connections that ended in the present event.
  #endedNow: ReferenceConnection[] = [];

  constructor(options: ReferenceOptions) {
    this.#options = options;
    this.router = new ReferenceRouter(this.#sessions, options);
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
  wasLateNow(clientId: string): boolean {
    return this.#endedNow.some(
      (connection) => connection.clientId === clientId && connection.ended === 'no CONNECT in time',
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
    const session = present ? known : new ReferenceSession(clientId);
    this.#sessions.set(clientId, session);
    // [MQTT-3.1.3-9]
    session.absence = undefined;
    session.expirySeconds = Math.min(
      expirySecondsOf(connect),
      this.#options.sessionExpirySecondsMax,
    );
    session.connection = connection;
    connection.session = session;
    connection.showsLife(this.#options.now());
    connection.will = connect.will;
    connection.owe('connack', 0, [`0, session ${present ? 'present' : 'not present'}`]);
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
    const { session, will } = connection;
    if (session === undefined) return;
    connection.will = undefined;
    session.connection = undefined;
    const now = this.#options.now();
    const delaySeconds = will?.properties?.willDelayInterval ?? 0;
    session.absence = {
      will,
      willAt: now + delaySeconds * 1000,
      endsAt: now + session.expirySeconds * 1000,
    };
    this.#resolveAbsence(session, now);
  }

  publish(publish: Publish, topic: string, publisher: ReferenceSession): boolean {
    const publication = this.#publication(publish, topic, publisher.clientId);
    return this.router.publish(publication, publisher, this.#isWaking);
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
      connection.session === undefined
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
    this.#publishWill(will, session);
  }

  #endSession(session: ReferenceSession): void {
    this.#sessions.delete(session.clientId);
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
    };
  }
}

/** A delivery has come to its end. */
export function settle(session: ReferenceSession, packetId: number, copy: Copy): void {
  session.inflight.delete(packetId);
  copy.state = 'over';
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
