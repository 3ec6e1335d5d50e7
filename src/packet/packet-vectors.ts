/** Packets as bytes and in memory, and bytes that are none: the table that the tests run over. */

import type { PacketVector } from './packet-vector.ts';
import { acknowledgementVectors } from './packet-vectors-acknowledgement.ts';
import { connackVectors } from './packet-vectors-connack.ts';
import { connectVectors } from './packet-vectors-connect.ts';
import { endVectors } from './packet-vectors-end.ts';
import { publishVectors } from './packet-vectors-publish.ts';
import { subscribeVectors } from './packet-vectors-subscribe.ts';

export const packetVectors: readonly PacketVector[] = [
  ...connectVectors,
  ...connackVectors,
  ...publishVectors,
  ...acknowledgementVectors,
  ...subscribeVectors,
  ...endVectors,
];
