/** What follows the fixed header, for the packets of one side. */

import type { ByteReader } from './byte-reader.ts';
import type { FirstBytesByVersion } from './first-byte.ts';
import type { Opening } from './opening.ts';
import type { Packet } from './packet.ts';
import type { PacketSizes } from './packet-sizes.ts';
import type { PacketType, Side } from './packet-types.ts';
import type { Sender } from './sender.ts';
import type { DecodeTopic } from './topic-cache.ts';

export interface Bodies {
  /** Who sends them. */
  readonly side: Side;
  readonly firstBytes: FirstBytesByVersion;
  /** Reads the topic of a PUBLISH. */
  readonly decodeTopic: DecodeTopic;
  /** Absent where nobody sends CONNECT. */
  readonly opening?: (sizes: PacketSizes | undefined) => Opening;
  /** Reads all but CONNECT. */
  readonly read: (type: PacketType, body: ByteReader, firstByte: number, sender: Sender) => Packet;
}
