/** How long packets of a client's may be that have no reason to be as long as others. */

import type { PacketType } from './packet-types.ts';
import type { ProtocolVersion } from './version.ts';

/** Bytes behind the fixed header, as Mosquitto counts them. */
export interface PacketSizes {
  readonly connectBytesMax: number;
  readonly authBytesMax: number;
  /** PUBACK, PUBREC, PUBREL, PUBCOMP and DISCONNECT. */
  readonly simpleBytesMax: number;
  /** SUBSCRIBE and UNSUBSCRIBE in MQTT 5.0. */
  readonly subscribeBytesMax: number;
}

/** A packet that is no longer than this is within all of them. */
export function leastSize(sizes: PacketSizes | undefined): number {
  if (sizes === undefined) return Number.POSITIVE_INFINITY;
  const { connectBytesMax, authBytesMax, simpleBytesMax, subscribeBytesMax } = sizes;
  return Math.min(connectBytesMax, authBytesMax, simpleBytesMax, subscribeBytesMax);
}

export function sizeMax(
  type: PacketType,
  version: ProtocolVersion | undefined,
  sizes: PacketSizes,
): number {
  switch (type) {
    case 'connect':
      return sizes.connectBytesMax;
    case 'auth':
      return sizes.authBytesMax;
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp':
    case 'disconnect':
      return sizes.simpleBytesMax;
    case 'subscribe':
    case 'unsubscribe':
      return version === 5 ? sizes.subscribeBytesMax : Number.POSITIVE_INFINITY;
    default:
      return Number.POSITIVE_INFINITY;
  }
}
