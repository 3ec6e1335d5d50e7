/** A client that keeps its session over connections and over crashes of its broker, as it should. */

import { fromServer } from '../../src/packet/from-server.ts';
import { encodePacket, type Packet } from '../../src/packet/packet.ts';
import { PacketReader } from '../../src/packet/packet-reader.ts';
import type { Publish } from '../../src/packet/publish.ts';
import type { ProtocolVersion, QoS } from '../../src/packet/version.ts';
import type { MemoryLink } from '../../src/transport/memory.ts';
import { publishOf } from '../harness/test-broker.ts';
import { durable, type Stage } from './stage.ts';

type Own = { readonly packet: Publish; state: 'published' | 'released'; wasSent: boolean };

/** It answers at once; its bytes move as the stage is stepped or settled. */
export class LastingClient {
  /** Payloads in the order of their arrival; of QoS 2, each once. */
  readonly received: string[] = [];
  /** Payloads that the broker has acknowledged to the end. */
  readonly acknowledged: string[] = [];
  /** What CONNACK and SUBACK have said. */
  isPresent: boolean | undefined;
  isSubscribed = false;
  readonly #clientId: string;
  readonly #version: ProtocolVersion;
  #near!: MemoryLink;
  #isIn = false;
  #lastId = 0;
  readonly #own = new Map<number, Own>();
  // Ids of QoS 2 whose PUBREL has not come.
  readonly #open = new Set<number>();
  #wish: { readonly filter: string; readonly qos: QoS } | undefined;

  constructor(clientId: string, version: ProtocolVersion = 5) {
    this.#clientId = clientId;
    this.#version = version;
  }

  get isIdle(): boolean {
    return this.#own.size === 0 && this.#open.size === 0;
  }

  come(stage: Stage): void {
    const version = this.#version;
    const reader = new PacketReader({ from: fromServer, packetBytesMax: 1_000_000, version });
    const { near } = stage.link();
    this.#near = near;
    this.#isIn = false;
    near.receiver = {
      receive: (bytes) => {
        reader.push(bytes.slice());
        for (let packet = reader.next(); packet; packet = reader.next()) this.#take(packet);
      },
      drained() {},
      closed() {},
    };
    this.#send({
      type: 'connect',
      version,
      bridge: false,
      keepAliveSeconds: 0,
      will: undefined,
      userName: undefined,
      password: undefined,
      clientId: this.#clientId,
      cleanStart: false,
      properties: version === 5 ? durable.properties : undefined,
    });
  }

  leave(): void {
    this.#near.destroy();
  }

  /** Once; until SUBACK has come, with every connection. */
  subscribe(filter: string, qos: QoS): void {
    this.#wish = { filter, qos };
    if (this.#isIn) this.#sendSubscribe();
  }

  publish(topic: string, payload: string, qos: 1 | 2): void {
    const packetId = ++this.#lastId;
    const packet = publishOf(topic, payload, { qos, packetId });
    const own: Own = { packet, state: 'published', wasSent: false };
    this.#own.set(packetId, own);
    if (this.#isIn) this.#sendOwn(own);
  }

  #sendOwn(own: Own): void {
    const { packet, state, wasSent } = own;
    own.wasSent = true;
    if (state === 'published') return this.#send({ ...packet, dup: wasSent });
    this.#send({ type: 'pubrel', packetId: packet.packetId, reasonCode: 0 });
  }

  #sendSubscribe(): void {
    const { filter, qos } = this.#wish!;
    const entry = { filter, qos, noLocal: false, retainAsPublished: false } as const;
    const subscriptions = [{ ...entry, retainHandling: 0 } as const];
    this.#send({ type: 'subscribe', packetId: 65_000, subscriptions });
  }

  #take(packet: Packet): void {
    switch (packet.type) {
      case 'connack':
        this.#isIn = true;
        this.isPresent = packet.sessionPresent;
        // What the broker has forgotten it does not expect any more.
        if (!packet.sessionPresent) this.#open.clear();
        if (this.#wish !== undefined && !this.isSubscribed) this.#sendSubscribe();
        for (const own of this.#own.values()) this.#sendOwn(own);
        return;
      case 'suback':
        this.isSubscribed = true;
        return;
      case 'publish':
        return this.#receive(packet);
      case 'puback':
        return this.#settle(packet.packetId);
      case 'pubrec':
        return this.#release(packet.packetId);
      case 'pubcomp':
        return this.#settle(packet.packetId);
      case 'pubrel':
        this.#open.delete(packet.packetId);
        return this.#send({ type: 'pubcomp', packetId: packet.packetId, reasonCode: 0 });
      default:
    }
  }

  #receive({ qos, packetId, payload }: Publish): void {
    const isDuplicate = qos === 2 && this.#open.has(packetId);
    if (!isDuplicate) this.received.push(new TextDecoder().decode(payload));
    if (qos === 1) this.#send({ type: 'puback', packetId, reasonCode: 0 });
    if (qos !== 2) return;
    this.#open.add(packetId);
    this.#send({ type: 'pubrec', packetId, reasonCode: 0 });
  }

  #release(packetId: number): void {
    const own = this.#own.get(packetId);
    if (own !== undefined) own.state = 'released';
    this.#send({ type: 'pubrel', packetId, reasonCode: 0 });
  }

  #settle(packetId: number): void {
    const own = this.#own.get(packetId);
    if (own === undefined) return;
    this.#own.delete(packetId);
    this.acknowledged.push(new TextDecoder().decode(own.packet.payload));
  }

  #send(packet: Packet): void {
    this.#near.write(encodePacket(packet, this.#version));
  }
}
