/** A client's end of one network connection, with all that MQTT asks of a client there. */

import type { Connack } from '../../src/packet/connack.ts';
import type { Connect } from '../../src/packet/connect.ts';
import { fromServer } from '../../src/packet/from-server.ts';
import { encodePacket, type Packet } from '../../src/packet/packet.ts';
import { PacketReader } from '../../src/packet/packet-reader.ts';
import { ProtocolError } from '../../src/packet/protocol-error.ts';
import type { Publish } from '../../src/packet/publish.ts';
import { BrokenPromise } from './broken-promise.ts';
import type { DeviceSession } from './device-session.ts';
import type { Random } from './random.ts';
import type { Sent } from './reference-connection.ts';
import type { ClientEnd, SimulatedLink } from './simulated-link.ts';

/** What a connection asks of whoever sees both ends. */
export interface Witness {
  /** A packet has arrived. @returns what was sent */
  arrived(link: SimulatedLink, packet: Packet): Sent;
  /** Whether a connection goes on with the session of the client's last one. */
  isSameSession(link: SimulatedLink): boolean;
  /** Whether the broker had a reason to refuse that connection. */
  mayRefuse(link: SimulatedLink): boolean;
}

export interface DeviceConnectionOptions {
  readonly link: SimulatedLink;
  readonly connect: Connect;
  readonly session: DeviceSession;
  readonly promptness: number;
  readonly random: Random;
  readonly witness: Witness;
}

type Acknowledgement = Extract<Packet, { type: 'puback' | 'pubrec' | 'pubrel' | 'pubcomp' }>;

// Clients of MQTT 3.x are told no limit; this is more than the simulated broker has in flight.
const sendMax3 = 40;
const packetBytesMax = 268_435_455;
const implementationSpecificError = 0x83;

export class DeviceConnection implements ClientEnd {
  readonly link: SimulatedLink;
  readonly #options: DeviceConnectionOptions;
  readonly #reader: PacketReader;
  readonly #aliasesIn = new Map<number, string>();
  readonly #aliasesOut = new Map<string, number>();
  readonly #acknowledgements: Acknowledgement[] = [];
  // Packet ids whose messages count against the broker's Receive Maximum.
  readonly #counted = new Set<number>();
  // Packet ids of messages that the client has not acknowledged to the end.
  readonly #open = new Set<number>();
  #connack: Connack | undefined;
  #isOver = false;

  constructor(options: DeviceConnectionOptions) {
    const { link, connect } = options;
    this.link = link;
    this.#options = options;
    this.#reader = new PacketReader({
      from: fromServer,
      version: connect.version,
      packetBytesMax: connect.properties?.maximumPacketSize ?? packetBytesMax,
    });
    link.client = this;
    this.send(connect);
  }

  get isConnected(): boolean {
    return this.#connack !== undefined && !this.#isOver;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get keepAliveSeconds(): number {
    return this.#options.connect.keepAliveSeconds;
  }

  /** Whether one more message of QoS 1 or 2 may be sent. */
  get mayPublish(): boolean {
    const max = this.#options.connect.version === 5 ? this.#sendMax5 : sendMax3;
    return this.#counted.size < max && this.#options.session.unacknowledgedCount < max;
  }

  send(packet: Packet): void {
    this.link.send(encodePacket(packet, this.#options.connect.version));
  }

  /** Sends a message, with a topic alias now and then. */
  publish(publish: Publish): void {
    if (publish.qos > 0) this.#counted.add(publish.packetId);
    this.send(this.#withAlias(publish));
  }

  /** Sends what has waited, in its order [MQTT-4.6.0-2]: all, or the first few. */
  acknowledge(count = Number.POSITIVE_INFINITY): void {
    for (const packet of this.#acknowledgements.splice(0, count)) {
      const endsIt =
        packet.type === 'pubrec' ? packet.reasonCode >= 0x80 : packet.type !== 'pubrel';
      if (endsIt) this.#open.delete(packet.packetId);
      this.send(packet);
    }
  }

  receive(bytes: Uint8Array): void {
    try {
      this.#reader.push(bytes);
      for (let packet = this.#reader.next(); packet; packet = this.#reader.next()) {
        this.#handle(packet);
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      throw this.#broken('wire', `what arrives is no MQTT: ${error.message}`);
    }
    if (this.#options.random.chance(this.#options.promptness)) this.acknowledge();
  }

  ended(): void {
    this.#isOver = true;
  }

  /** The client has nothing to do with it any more. */
  leave(): void {
    this.#isOver = true;
    this.link.client = undefined;
  }

  get #sendMax5(): number {
    return this.#connack?.properties?.receiveMaximum ?? 65_535;
  }

  #handle(packet: Packet): void {
    const { session, witness } = this.#options;
    if (packet.type === 'disconnect') return;
    if (packet.type === 'connack' && packet.reasonCode !== 0) {
      if (witness.mayRefuse(this.link)) return;
      throw this.#broken('wellBehaved', `refused with 0x${packet.reasonCode.toString(16)}`);
    }
    const sent = witness.arrived(this.link, packet);
    switch (packet.type) {
      case 'connack':
        return this.#enter(packet);
      case 'publish':
        return this.#take(packet, sent);
      case 'puback':
        this.#counted.delete(packet.packetId);
        return session.acknowledged(packet.packetId);
      case 'pubrec':
        if (packet.reasonCode >= 0x80) this.#counted.delete(packet.packetId);
        else this.#queue('pubrel', packet.packetId);
        return session.received(packet.packetId, packet.reasonCode);
      case 'pubrel':
        session.released(packet.packetId);
        return this.#queue('pubcomp', packet.packetId);
      case 'pubcomp':
        this.#counted.delete(packet.packetId);
        return session.completed(packet.packetId);
    }
  }

  #enter(connack: Connack): void {
    const { session, witness } = this.#options;
    this.#connack = connack;
    if (!witness.isSameSession(this.link)) session.clear();
    for (const { publish, isReceived } of session.unacknowledged()) {
      // [MQTT-4.4.0-1]
      if (isReceived) this.#queue('pubrel', publish.packetId);
      else this.publish({ ...publish, dup: true });
    }
  }

  #take(publish: Publish, { copy, topic }: Sent): void {
    this.#checkTopic(publish, topic);
    const { qos, packetId } = publish;
    // Under $SYS, and where the session has just ended, nobody counts.
    if (copy === undefined) return;
    if (qos === 0) {
      copy.receipts++;
      return;
    }
    this.#open.add(packetId);
    const receiveMaximum = this.#options.connect.properties?.receiveMaximum ?? 65_535;
    if (this.#open.size > receiveMaximum) {
      throw this.#broken(
        'window',
        `${this.#open.size} open messages, ${receiveMaximum} is the most`,
      );
    }
    if (qos === 1) {
      copy.receipts++;
      return this.#queue('puback', packetId, this.#outcome());
    }
    this.#takeExactlyOnce(packetId, copy);
  }

  #takeExactlyOnce(packetId: number, copy: NonNullable<Sent['copy']>): void {
    const { session } = this.#options;
    const { label } = copy.publication;
    if (!session.takesExactlyOnce(packetId)) {
      if (copy.receipts > 0) return this.#queue('pubrec', packetId);
      throw this.#broken('packetIds', `${label} has packet id ${packetId} of an open message`);
    }
    const outcome = this.#outcome();
    this.#queue('pubrec', packetId, outcome);
    if (outcome !== 0) return session.released(packetId);
    copy.receipts++;
    if (copy.receipts > 1) throw this.#broken('exactlyOnce', `${label} arrives again`);
  }

  /** Now and then a client cannot make anything of a message. */
  #outcome(): 0 | typeof implementationSpecificError {
    const { connect, random } = this.#options;
    return connect.version === 5 && random.chance(0.03) ? implementationSpecificError : 0;
  }

  #queue(type: Acknowledgement['type'], packetId: number, reasonCode: 0 | 0x83 = 0): void {
    this.#acknowledgements.push({ type, packetId, reasonCode });
  }

  #checkTopic({ topic, properties }: Publish, expected: string): void {
    const alias = properties?.topicAlias;
    if (alias === undefined) return;
    const max = this.#options.connect.properties?.topicAliasMaximum ?? 0;
    if (alias > max) throw this.#broken('window', `topic alias ${alias}, ${max} is the most`);
    if (topic !== '') this.#aliasesIn.set(alias, topic);
    if (this.#aliasesIn.get(alias) === expected) return;
    throw this.#broken('wire', `topic alias ${alias} does not stand for ${expected}`);
  }

  #withAlias(publish: Publish): Publish {
    const max = this.#connack?.properties?.topicAliasMaximum ?? 0;
    const { topic, properties } = publish;
    const known = this.#aliasesOut.get(topic);
    const { random } = this.#options;
    if (max === 0 || random.chance(0.4)) return publish;
    if (known !== undefined) {
      return { ...publish, topic: '', properties: { ...properties, topicAlias: known } };
    }
    // An alias may be taken from another topic at any time.
    const topicAlias = random.between(1, max);
    for (const [other, alias] of this.#aliasesOut) {
      if (alias === topicAlias) this.#aliasesOut.delete(other);
    }
    this.#aliasesOut.set(topic, topicAlias);
    return { ...publish, properties: { ...properties, topicAlias } };
  }

  #broken(promise: BrokenPromise['promise'], message: string): BrokenPromise {
    return new BrokenPromise(promise, this.#options.connect.clientId, message);
  }
}
