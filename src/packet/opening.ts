/** What a client has to say first, and what that rules out: for whoever reads its packets. */

import type { ByteReader } from './byte-reader.ts';
import { type Connect, readConnect, readProtocol } from './connect.ts';
import { type FirstBytes, refusedFirstByte, typeOf } from './first-byte.ts';
import { leastSize, type PacketSizes, sizeMax } from './packet-sizes.ts';
import { type PacketType, packetTypes } from './packet-types.ts';
import { ProtocolError, protocolError, unspoken } from './protocol-error.ts';
import { reasonCodes } from './reason-codes.ts';
import type { ProtocolVersion } from './version.ts';

const connectType = packetTypes.connect.firstByte >> 4;

// Of the flags of CONNECT MQTT 3.1 says that they are not used; they are looked at once the version
// is known.
const connectBytes: FirstBytes = /* @__PURE__ */ Array.from({ length: 0x100 }, (_, byte) => {
  return byte >> 4 === connectType ? 'connect' : undefined;
});

export class Opening {
  readonly #sizes: PacketSizes | undefined;
  // What a CONNECT that came this way rules out.
  #mayConnect = true;
  #mayAuthenticate = true;

  constructor(sizes: PacketSizes | undefined) {
    this.#sizes = sizes;
  }

  /** Before the version is known only CONNECT may come. */
  get firstBytes(): FirstBytes {
    return connectBytes;
  }

  /** A packet whose remaining length is no more than this is not too long, whatever it is. */
  get leastBytesMax(): number {
    return leastSize(this.#sizes);
  }

  /**
   * Reads a CONNECT.
   *
   * @param speak is told the version before more is read
   */
  read(body: ByteReader, firstByte: number, speak: (version: ProtocolVersion) => void): Connect {
    if (!this.#mayConnect) throw secondConnect();
    const protocol = readProtocol(body);
    if (firstByte !== packetTypes.connect.firstByte && protocol.version !== 3) {
      throw refusedFirstByte(firstByte, 'client', protocol.version);
    }
    speak(protocol.version);
    const connect = readConnect(body, protocol);
    this.#mayConnect = false;
    this.#mayAuthenticate = connect.properties?.authenticationMethod !== undefined;
    return connect;
  }

  /** @throws ProtocolError where CONNECT has ruled out AUTH */
  checkAuth(): void {
    if (!this.#mayAuthenticate) throw unaskedAuth();
  }

  /** @throws ProtocolError where packets of the type may not be so long */
  checkSize(type: PacketType, length: number, version: ProtocolVersion | undefined): void {
    const bytesMax = sizeMax(type, version, this.#sizes!);
    if (length <= bytesMax) return;
    throw new ProtocolError(
      reasonCodes.packetTooLarge,
      `${type} with ${length} bytes, at most ${bytesMax} are accepted`,
    );
  }

  /** Why a packet is refused that is ruled out by what came before; undefined where it is not. */
  refused(firstByte: number, version: ProtocolVersion | undefined): ProtocolError | undefined {
    const type = typeOf(firstByte);
    if (version === undefined && type !== undefined) {
      // [MQTT-3.1.0-1]
      return protocolError(`${type} came before connect`);
    }
    if (!this.#mayConnect && type === 'connect') return secondConnect();
    if (!this.#mayAuthenticate && type === 'auth') return unaskedAuth();
    return undefined;
  }
}

/** Mosquitto does not look into it, and says nothing. [MQTT-3.1.0-2] */
function secondConnect(): ProtocolError {
  return unspoken(reasonCodes.protocolError, 'a second CONNECT');
}

/** Mosquitto does not look into it. [MQTT-4.12.0-1] */
function unaskedAuth(): ProtocolError {
  const message = 'AUTH, where CONNECT had no authentication method';
  return protocolError(message);
}
