/** Holds every packet that leaves the broker against what the reference says it owes. */

import type { Connack } from '../../src/packet/connack.ts';
import type { Packet } from '../../src/packet/packet.ts';
import type { Publish } from '../../src/packet/publish.ts';
import { BrokenPromise } from './broken-promise.ts';
import { checkDelivery, type DeliveryLimits } from './delivery-check.ts';
import { copyInFlight, mayBeFirst, owedCopy } from './owed-copy.ts';
import type { Copy } from './publication.ts';
import type { ReferenceBroker } from './reference-broker.ts';
import {
  type EndCause,
  type ReferenceConnection,
  refused,
  type Sent,
} from './reference-connection.ts';
import type { ReferenceSession } from './reference-session.ts';

type Answering = Exclude<Packet, { type: 'publish' | 'disconnect' }>;

/** Why the broker may send a client away, by the reason code of its DISCONNECT. */
const farewells: ReadonlyMap<number, EndCause> = new Map([
  [0x8b, 'shut down'],
  [0x8d, 'keep-alive'],
  [0x8e, 'taken over'],
]);

export class Ledger {
  readonly #broker: ReferenceBroker;
  readonly #limits: DeliveryLimits;
  readonly #now: () => number;
  readonly #systemValues = new Map<string, string>();

  constructor(broker: ReferenceBroker, limits: DeliveryLimits, now: () => number) {
    this.#broker = broker;
    this.#limits = limits;
    this.#now = now;
  }

  /** What was sent under `$SYS`, by topic. */
  get systemValues(): ReadonlyMap<string, string> {
    return this.#systemValues;
  }

  /** A packet leaves the broker. */
  sent(clientId: string, packet: Packet): void {
    if (packet.type === 'disconnect') return this.#sentAway(clientId, packet.reasonCode);
    if (packet.type === 'connack' && packet.reasonCode !== 0) {
      return this.#refused(clientId, packet.reasonCode);
    }
    const session = this.#broker.session(clientId);
    // Several ends at one time can come in another order than the reference has them.
    const connection = session?.connection ?? this.#broker.endedNow(clientId);
    if (connection === undefined) {
      throw new BrokenPromise('owed', clientId, `${packet.type} for a client that is not there`);
    }
    if (session === undefined) afterItsEnd(connection, packet);
    else this.#enter(session, connection, packet);
    connection.link.noteBacklog();
  }

  #enter(
    session: ReferenceSession,
    connection: ReferenceConnection,
    packet: Exclude<Packet, { type: 'disconnect' }>,
  ): void {
    if (packet.type === 'publish') return this.#publish(session, connection, packet);
    if (packet.type !== 'pubrel') this.#answer(connection, packet);
    else this.#release(session, connection, packet.packetId);
    connection.onTheWay.push({ packet, copy: undefined, topic: '' });
  }

  /** A packet has reached the client. @returns what the broker has said of it on sending it */
  arrived(connection: ReferenceConnection, packet: Packet): Sent {
    const sent = connection.onTheWay.shift();
    const { clientId } = connection;
    if (sent === undefined) {
      throw new BrokenPromise('wire', clientId, `${packet.type} arrives, which was never sent`);
    }
    const fault = differenceOf(packet, sent.packet);
    if (fault === undefined) return sent;
    const message = `${packet.type} arrives where ${sent.packet.type} was sent: ${fault}`;
    throw new BrokenPromise('wire', clientId, message);
  }

  #sentAway(clientId: string, reasonCode: number): void {
    const cause = farewells.get(reasonCode);
    if (cause === 'keep-alive') this.#broker.foundSilent(clientId);
    if (cause !== undefined && this.#broker.endedNow(clientId)?.ended === cause) return;
    const message = `DISCONNECT with 0x${reasonCode.toString(16)}, for which there is no cause`;
    throw new BrokenPromise('wellBehaved', clientId, message);
  }

  #refused(clientId: string, reasonCode: number): void {
    const connection = this.#broker.session(clientId)?.connection;
    const connack = connection?.owed.find(({ type }) => type === 'connack');
    // In MQTT 3.x the codec makes 0x03 of it.
    const isStoreFull = String(reasonCode) === refused && this.#broker.isStoreFailing;
    if (isStoreFull) connack?.refusal?.refuse();
    if (this.#broker.wasRefusedNow(clientId)) return;
    throw new BrokenPromise(
      'wellBehaved',
      clientId,
      'CONNACK refuses it, for which there is no cause',
    );
  }

  #answer(connection: ReferenceConnection, packet: Answering): void {
    const { clientId, owed } = connection;
    const packetId = 'packetId' in packet ? packet.packetId : 0;
    const at = owed.findIndex((each) => each.type === packet.type && each.packetId === packetId);
    if (at === -1) {
      const message = `${packet.type} ${packetId}, for which there is no request`;
      throw new BrokenPromise('answers', clientId, message);
    }
    const [{ outcomes, certify, refusal }] = owed.splice(at, 1);
    const given = outcomeOf(packet);
    if (packet.type === 'connack') connection.showsLife(this.#now());
    if (outcomes.length === 0 || outcomes.includes(given)) return certify?.();
    if (given === refused && refusal?.publication?.isDoubtful) return refusal.refuse()();
    const message = `${packet.type} ${packetId} says ${given}, and should say ${outcomes}`;
    const promise = packet.type === 'connack' ? 'sessions' : 'answers';
    throw new BrokenPromise(promise, clientId, message);
  }

  #release(session: ReferenceSession, connection: ReferenceConnection, packetId: number): void {
    const copy = session.inflight.get(packetId);
    if (copy !== undefined) copy.wasReleased = true;
    if (this.#answersPubrec(connection, packetId)) return;
    this.#releaseAgain(session, connection, packetId);
  }

  #answersPubrec({ owed }: ReferenceConnection, packetId: number): boolean {
    const at = owed.findIndex((each) => each.type === 'pubrel' && each.packetId === packetId);
    if (at !== -1) owed.splice(at, 1);
    return at !== -1;
  }

  #releaseAgain(session: ReferenceSession, { link, clientId }: ReferenceConnection, id: number) {
    const copy = session.inflight.get(id);
    if (copy?.state !== 'released' || copy.lastLink === link.number) {
      const message = `PUBREL ${id}, for which no PUBREC has come, or the second on a connection`;
      throw new BrokenPromise('redelivery', clientId, message);
    }
    copy.lastLink = link.number;
    session.connection!.unacknowledged++;
  }

  #publish(session: ReferenceSession, connection: ReferenceConnection, publish: Publish): void {
    const topic = connection.topicToClient(publish);
    const copy = topic.startsWith('$SYS/')
      ? this.#systemValue(topic, publish)
      : this.#message(session, connection, { publish, topic });
    connection.onTheWay.push({ packet: publish, copy, topic });
  }

  #systemValue(topic: string, { payload }: Publish): undefined {
    this.#systemValues.set(topic, new TextDecoder().decode(payload));
  }

  #message(
    session: ReferenceSession,
    connection: ReferenceConnection,
    { publish, topic }: { publish: Publish; topic: string },
  ): Copy {
    const linkNumber = connection.link.number;
    const arrival = { session, publish, topic, now: this.#now() };
    const isAgain = publish.dup && !mayBeFirst(arrival);
    const copy = isAgain ? copyInFlight(arrival, linkNumber) : owedCopy(this.#broker, arrival);
    checkDelivery({ session, connection, publish, copy }, this.#limits, this.#now());
    copy.lastLink = linkNumber;
    copy.state = copy.qos === 0 ? 'over' : 'sent';
    if (copy.qos === 0) {
      session.finish(copy);
      return copy;
    }
    session.inflight.set(publish.packetId, copy);
    connection.unacknowledged++;
    return copy;
  }
}

/** The session ended in this very event: what still goes out for it is not counted. */
function afterItsEnd(connection: ReferenceConnection, packet: Packet): void {
  const topic = packet.type === 'publish' ? connection.topicToClient(packet) : '';
  connection.onTheWay.push({ packet, copy: undefined, topic });
}

/** What an answer says, as `Answer.outcomes` has it. */
function outcomeOf(packet: Answering): string {
  switch (packet.type) {
    case 'connack':
      return connackOutcome(packet);
    case 'suback':
    case 'unsuback':
      return packet.reasonCodes.join(' ');
    case 'puback':
    case 'pubrec':
    case 'pubcomp':
      return String(packet.reasonCode);
    default:
      return '';
  }
}

function connackOutcome({ reasonCode, sessionPresent }: Connack): string {
  return `${reasonCode}, session ${sessionPresent ? 'present' : 'not present'}`;
}

/** In what a packet that arrives differs from the one that was sent, as far as it matters. */
function differenceOf(arrived: Packet, sent: Packet): string | undefined {
  if (arrived.type !== sent.type) return 'another type';
  if ('packetId' in arrived && arrived.packetId !== (sent as typeof arrived).packetId) {
    return `packet id ${arrived.packetId}`;
  }
  if (arrived.type !== 'publish') return undefined;
  const { qos, dup, retain, topic, payload } = sent as Publish;
  if (arrived.qos !== qos || arrived.dup !== dup || arrived.retain !== retain) return 'its flags';
  if (arrived.topic !== topic) return `topic '${arrived.topic}'`;
  return Buffer.compare(arrived.payload, payload) === 0 ? undefined : 'its payload';
}
