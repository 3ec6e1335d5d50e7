/** PINGREQ and PINGRESP: still there (MQTT 5.0 sections 3.12 and 3.13). */

import type { ByteWriter } from './byte-writer.ts';
import { packetTypes } from './packet-types.ts';

export interface Pingreq {
  readonly type: 'pingreq';
}

export interface Pingresp {
  readonly type: 'pingresp';
}

/** A ping has nothing in it, so there is one of each. */
export const pingreq: Pingreq = { type: 'pingreq' };
export const pingresp: Pingresp = { type: 'pingresp' };

export function writePing(out: ByteWriter, { type }: Pingreq | Pingresp): void {
  out.u8(packetTypes[type].firstByte);
  out.u8(0);
}
