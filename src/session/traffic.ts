/** What went over the wire, counted. */

import type { Packet } from '../packet/packet.ts';

export type PacketCounts = Record<Packet['type'], number>;

/** Counters that only grow. Written by connections, read by whoever reports. */
export class Traffic {
  readonly received: PacketCounts = noPackets();
  readonly sent: PacketCounts = noPackets();
  receivedBytes = 0;
  sentBytes = 0;
  /** Bytes of payload in PUBLISH packets. */
  publishReceivedBytes = 0;
  publishSentBytes = 0;
}

function noPackets(): PacketCounts {
  return {
    connect: 0,
    connack: 0,
    publish: 0,
    puback: 0,
    pubrec: 0,
    pubrel: 0,
    pubcomp: 0,
    subscribe: 0,
    suback: 0,
    unsubscribe: 0,
    unsuback: 0,
    pingreq: 0,
    pingresp: 0,
    disconnect: 0,
    auth: 0,
  };
}
