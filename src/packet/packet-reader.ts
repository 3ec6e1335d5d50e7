/** Bytes in any pieces in, packets out. */

import {
  type AcknowledgementType,
  isAcknowledgement,
  packetIdBytes,
  plainAcknowledgementBytes,
} from './acknowledgement.ts';
import { Assembly } from './assembly.ts';
import type { AssemblyPool } from './assembly-pool.ts';
import type { Bodies } from './bodies.ts';
import { ByteReader, endlessVarint, longVarint } from './byte-reader.ts';
import type { Connect } from './connect.ts';
import { type FirstBytes, hasNoBody, isRefusedAtOnce, refusedFirstByte } from './first-byte.ts';
import type { Lease } from './lease.ts';
import type { Opening } from './opening.ts';
import type { Packet } from './packet.ts';
import type { PacketMemory } from './packet-memory.ts';
import type { PacketSizes } from './packet-sizes.ts';
import type { PacketType } from './packet-types.ts';
import { malformed, ProtocolError, unspoken } from './protocol-error.ts';
import { reasonCodes } from './reason-codes.ts';
import type { Sender } from './sender.ts';
import type { TopicCache } from './topic-cache.ts';
import type { ProtocolVersion } from './version.ts';

export interface PacketReaderOptions {
  /** Who sends the bytes: `fromClient` or `fromServer`. */
  readonly from: Bodies;
  /** The largest packet accepted, with its header. */
  readonly packetBytesMax: number;
  /** Limits of some types of packets that are below that. */
  readonly sizes?: PacketSizes | undefined;
  /** Needed for what a server sends; what a client sends says it in CONNECT. */
  readonly version?: ProtocolVersion | undefined;
  /** Shared between readers of what clients send, so that a topic is kept once. */
  readonly topics?: TopicCache | undefined;
  /** Whether payloads are copies, which may be kept; false. */
  readonly ownsPayloads?: boolean;
  /** Shared between readers, for packets in pieces; absent: each has memory of its own. */
  readonly assemblies?: AssemblyPool | undefined;
}

const nothing = new Uint8Array(0);

// The engine has up to 64 bytes among its objects, and takes 25 ns for a copy of them. For more it
// takes 400, as each has memory and a destructor of its own; a room of the pool takes 100.
const leasedBytesMin = 65;

/** The longest remaining length (MQTT 5.0 section 2.1.4). */
const lengthBytesMax = 4;

/**
 * Reads what one side of a connection sends. The payload and the correlation data of a PUBLISH are
 * views of the bytes that were pushed, or of memory that the next packet may use: see `lease`. All
 * else in packets may be kept.
 *
 *     reader.push(bytes);
 *     for (let packet = reader.next(); packet; packet = reader.next()) handle(packet);
 */
export class PacketReader implements PacketMemory {
  readonly #from: Bodies;
  readonly #packetBytesMax: number;
  readonly #leastBytesMax: number;
  readonly #allowsPlain: boolean;
  readonly #topics: TopicCache | undefined;
  readonly #ownsPayloads: boolean;
  readonly #body = new ByteReader();
  #sender: Sender | undefined;
  #firstBytes: FirstBytes;
  // Of whoever sends CONNECT.
  readonly #opening: Opening | undefined;
  #failure: unknown;

  #chunk: Uint8Array = nothing;
  #at = 0;

  // The fixed header of the packet in progress, 0 bytes of it between packets.
  #headerBytes = 0;
  #firstByte = 0;
  #type: PacketType | undefined;
  #length = 0;

  // Its body, when that comes in pieces, or the last one, when it did; made when it is needed.
  readonly #assemblies: AssemblyPool | undefined;
  #assembly: Assembly | undefined;

  #lastPacketBytes = 0;
  #packetId = 0;

  constructor(options: PacketReaderOptions) {
    const { from, packetBytesMax, version, topics } = options;
    if (from.side === 'server' && version === undefined) {
      throw new RangeError('a reader of what a server sends needs the version');
    }
    this.#from = from;
    this.#packetBytesMax = packetBytesMax;
    this.#opening = from.opening?.(options.sizes);
    this.#leastBytesMax = this.#opening?.leastBytesMax ?? Number.POSITIVE_INFINITY;
    this.#allowsPlain =
      packetBytesMax >= plainAcknowledgementBytes && this.#leastBytesMax >= packetIdBytes;
    this.#topics = topics;
    this.#ownsPayloads = options.ownsPayloads ?? false;
    this.#assemblies = options.assemblies;
    this.#firstBytes = this.#opening?.firstBytes ?? from.firstBytes[5];
    if (version !== undefined) this.#speak(version);
  }

  /** Undefined until CONNECT has said it. */
  get version(): ProtocolVersion | undefined {
    return this.#sender?.version;
  }

  /** The size of the packet that `next` returned last, with its header. */
  get lastPacketBytes(): number {
    return this.#lastPacketBytes;
  }

  /** Whether a view of the packet that `next` returned last may be kept with its memory. */
  canGiveAway(view: Uint8Array): boolean {
    return this.#assembly?.suits(view) === true;
  }

  lease(view: Uint8Array): Lease | undefined {
    const assembly = this.#assembly;
    if (assembly?.suits(view)) return assembly.giveAway(view);
    return view.length < leasedBytesMin ? undefined : this.#assemblies?.lease(view);
  }

  /**
   * Takes the next bytes of the connection; all packets of the last ones must have been read. What
   * is not read before the bytes are used for something else is to be kept by `keepRest`.
   */
  push(bytes: Uint8Array): void {
    if (this.#at < this.#chunk.length) throw new Error('push before next returned undefined');
    this.#chunk = bytes;
    this.#at = 0;
  }

  /**
   * The next packet, undefined when the bytes pushed hold no more whole ones. Throws ProtocolError
   * when they are no MQTT, and then the same one for ever.
   */
  next(): Packet | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    const assembly = this.#assembly;
    try {
      let packet: Packet | undefined;
      if (assembly?.isUnderWay) packet = this.#assemble(assembly);
      else {
        assembly?.end();
        packet = this.#start();
      }
      if (packet === undefined) this.#release();
      return packet;
    } catch (error) {
      this.#failure = error;
      this.#release();
      throw error;
    }
  }

  /**
   * Reads the next packet where it is an acknowledgement that says no more than that all is well,
   * as nearly all do, and is there as a whole; `packetId` is its. No object is made of it.
   *
   * @returns undefined where another packet comes, or none: `next` knows
   */
  nextAcknowledgement(): AcknowledgementType | undefined {
    const chunk = this.#chunk;
    const at = this.#at;
    if (chunk.length - at < plainAcknowledgementBytes) return undefined;
    const firstByte = chunk[at];
    const isPlain = isAcknowledgement(firstByte) && chunk[at + 1] === packetIdBytes;
    if (!isPlain || !this.#allowsPlain || !this.#isBetweenPackets()) return undefined;
    const packetId = (chunk[at + 2] << 8) | chunk[at + 3];
    const type = this.#firstBytes[firstByte];
    if (packetId === 0 || type === undefined) return undefined;
    this.#at = at + plainAcknowledgementBytes;
    this.#packetId = packetId;
    this.#lastPacketBytes = plainAcknowledgementBytes;
    return type as AcknowledgementType;
  }

  /** Of the acknowledgement that `nextAcknowledgement` returned last. */
  get packetId(): number {
    return this.#packetId;
  }

  /** Copies what has not been read, if there is any. The last packet has been dealt with. */
  keepRest(): void {
    if (this.#assembly?.isUnderWay === false) this.#assembly.end();
    if (this.#at === this.#chunk.length) return;
    this.#chunk = new Uint8Array(this.#chunk.subarray(this.#at));
    this.#at = 0;
  }

  /** The last packet needs no memory any more, and nothing of the next is read. */
  #isBetweenPackets(): boolean {
    return this.#headerBytes === 0 && this.#assembly?.bytes === undefined;
  }

  #speak(version: ProtocolVersion): void {
    const { side } = this.#from;
    const ownsPayloads = this.#ownsPayloads;
    const { decodeTopic } = this.#from;
    this.#sender = { side, version, topics: this.#topics, decodeTopic, ownsPayloads };
    this.#firstBytes = this.#from.firstBytes[version];
  }

  /** Does not keep the bytes of a connection that may be idle from now on. */
  #release(): void {
    this.#chunk = nothing;
    this.#at = 0;
    this.#body.release();
  }

  #start(): Packet | undefined {
    const isWhole = this.#readHeader();
    if (this.#headerBytes === 0) return undefined;
    this.#type = this.#firstBytes[this.#firstByte];
    if (this.#type === undefined) {
      if (isRefusedAtOnce(this.#firstByte, this.version)) throw this.#refusedFirstByte();
      if (isWhole) throw this.#refused();
      return undefined;
    }
    if (!isWhole) return undefined;
    if (this.version === 5) this.#refuseLongLength();
    if (this.#packetBytes() > this.#packetBytesMax) throw this.#tooLarge();
    if (this.#length > this.#leastBytesMax) {
      this.#opening!.checkSize(this.#type, this.#length, this.version);
    }
    const start = this.#at;
    if (this.#length > this.#chunk.length - start) {
      this.#assembly ??= new Assembly({ pool: this.#assemblies });
      this.#assembly.begin(this.#length);
      return this.#assemble(this.#assembly);
    }
    this.#at = start + this.#length;
    return this.#readLent(this.#type, this.#chunk, start);
  }

  /** @param bytes hold the packet from `start` on, for now */
  #readLent(type: PacketType, bytes: Uint8Array, start: number): Packet {
    // What is in these is needed until somebody has decided about it.
    const isKept = type === 'connect' || type === 'auth' || type === 'connack';
    if (!isKept) return this.#read(type, bytes, start);
    return this.#read(type, new Uint8Array(bytes.subarray(start, start + this.#length)), 0);
  }

  /** Why a whole header is refused whose first byte is not one of `#firstBytes`. */
  #refused(): ProtocolError {
    if (this.#length > 0 && hasNoBody(this.#firstByte)) return pingWithBody();
    return this.#refusedFirstByte();
  }

  #refusedFirstByte(): ProtocolError {
    const { version } = this;
    const refused = this.#opening?.refused(this.#firstByte, version);
    return refused ?? refusedFirstByte(this.#firstByte, this.#from.side, version!);
  }

  #endlessLength(): ProtocolError {
    const isRefused = this.#firstBytes[this.#firstByte] === undefined;
    if (isRefused && isRefusedAtOnce(this.#firstByte, this.version)) {
      return this.#refusedFirstByte();
    }
    return unspoken(reasonCodes.malformedPacket, endlessVarint);
  }

  #overlong(type: PacketType): ProtocolError {
    if (hasNoBody(this.#firstByte)) return pingWithBody();
    return malformed(`${type} has ${this.#body.remaining} bytes after its end`);
  }

  /** Returns false when the header goes on in bytes to come. */
  #readHeader(): boolean {
    const chunk = this.#chunk;
    if (this.#headerBytes === 0) {
      if (this.#at === chunk.length) return false;
      this.#firstByte = chunk[this.#at++];
      this.#headerBytes = 1;
      this.#length = 0;
    }
    while (this.#at < chunk.length) {
      const byte = chunk[this.#at++];
      this.#length |= (byte & 0x7f) << (7 * (this.#headerBytes - 1));
      this.#headerBytes++;
      if (byte < 0x80) return true;
      if (this.#headerBytes > lengthBytesMax) {
        throw this.#endlessLength();
      }
    }
    return false;
  }

  #assemble(assembly: Assembly): Packet | undefined {
    this.#at += assembly.add(this.#chunk, this.#at);
    return assembly.isUnderWay ? undefined : this.#readLent(this.#type!, assembly.bytes!, 0);
  }

  #read(type: PacketType, bytes: Uint8Array, start: number): Packet {
    if (type === 'auth') this.#opening?.checkAuth();
    const body = this.#body;
    const end = start + this.#length;
    body.move(bytes, start, end);
    const packet =
      type === 'connect'
        ? this.#readConnect()
        : this.#from.read(type, body, this.#firstByte, this.#sender!);
    if (body.at !== end) throw this.#overlong(type);
    this.#lastPacketBytes = this.#packetBytes();
    this.#headerBytes = 0;
    return packet;
  }

  #readConnect(): Connect {
    return this.#opening!.read(this.#body, this.#firstByte, (version) => {
      if (this.#sender === undefined) this.#speak(version);
      if (version === 5) this.#refuseLongLength();
    });
  }

  #packetBytes(): number {
    return this.#headerBytes + this.#length;
  }

  #tooLarge(): ProtocolError {
    return new ProtocolError(
      reasonCodes.packetTooLarge,
      `${this.#type} of ${this.#packetBytes()} bytes, at most ${this.#packetBytesMax} are accepted`,
    );
  }

  /** [MQTT-1.5.5-1], of which MQTT 3.x knows nothing. */
  #refuseLongLength(): void {
    const lengthBytes = this.#headerBytes - 1;
    if (lengthBytes === 1 || this.#length >= 2 ** (7 * (lengthBytes - 1))) return;
    throw longVarint();
  }
}

function pingWithBody(): ProtocolError {
  return unspoken(reasonCodes.malformedPacket, 'a ping that does not end with its header');
}
