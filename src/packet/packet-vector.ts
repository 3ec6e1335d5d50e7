/** One row of the table of packets: bytes and what they are read as. */

import type { Packet } from './packet.ts';
import type { Side } from './packet-types.ts';
import type { reasonCodes } from './reason-codes.ts';
import type { ProtocolVersion } from './version.ts';

export type PacketVector = AcceptedVector | RefusedVector;

/** Who sends the bytes, and in which versions the vector holds. */
interface Origin {
  readonly versions: readonly ProtocolVersion[];
  readonly from: Side;
}

interface VectorCase extends Origin {
  /** A claim, with the ids of the statements that it proves. */
  readonly name: string;
  /** In the notation of packet-notation.ts. */
  readonly bytes: string;
}

export interface AcceptedVector extends VectorCase {
  readonly packet: Packet;
  /** The bytes that the packet is written as, where another form is shorter or in better order. */
  readonly written?: string;
}

export interface RefusedVector extends VectorCase {
  readonly refused: keyof typeof reasonCodes;
}

/** Many bytes that are refused with the same code, by their names. */
export function refusals(
  shared: Origin & Pick<RefusedVector, 'refused'>,
  bytesByName: Readonly<Record<string, string>>,
): readonly RefusedVector[] {
  return Object.entries(bytesByName).map(([name, bytes]) => ({ ...shared, name, bytes }));
}
