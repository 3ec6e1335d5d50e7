/** What follows the fixed header, for the packets of one side. */

import type { ByteReader } from './byte-reader.ts';
import type { Connect, Protocol } from './connect.ts';
import type { Packet } from './packet.ts';
import type { leastSize, sizeMax } from './packet-sizes.ts';
import type { PacketType, Side } from './packet-types.ts';
import type { Sender } from './sender.ts';

export interface Bodies {
  /** Who sends them. */
  readonly side: Side;
  /** The first two fields of a CONNECT; absent where nobody sends one. */
  readonly readProtocol?: (body: ByteReader) => Protocol;
  readonly readConnect?: (body: ByteReader, protocol: Protocol) => Connect;
  /** What `PacketSizes` say of a packet of this side; absent where they say nothing. */
  readonly leastSize?: typeof leastSize;
  readonly sizeMax?: typeof sizeMax;
  /** Reads all but CONNECT. */
  readonly read: (type: PacketType, body: ByteReader, firstByte: number, sender: Sender) => Packet;
}
