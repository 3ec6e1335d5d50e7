/** What went over the wire, counted. */

import { type PacketType, packetTypes } from '../packet/packet-types.ts';

/** How many packets of each type. */
class PacketCounts implements Record<PacketType, number> {
  connect = 0;
  connack = 0;
  publish = 0;
  puback = 0;
  pubrec = 0;
  pubrel = 0;
  pubcomp = 0;
  subscribe = 0;
  suback = 0;
  unsubscribe = 0;
  unsuback = 0;
  pingreq = 0;
  pingresp = 0;
  disconnect = 0;
  auth = 0;

  /** The types that are many have names here: a computed one is looked up each time. */
  count(type: PacketType): void {
    switch (type) {
      case 'publish':
        this.publish++;
        return;
      case 'puback':
        this.puback++;
        return;
      case 'pubrec':
        this.pubrec++;
        return;
      case 'pubrel':
        this.pubrel++;
        return;
      case 'pubcomp':
        this.pubcomp++;
        return;
      default:
        this[type]++;
    }
  }

  get total(): number {
    return packetTypeNames.reduce((sum, type) => sum + this[type], 0);
  }
}

const packetTypeNames = Object.keys(packetTypes) as PacketType[];

/** What a sender counts. */
export interface SentTraffic {
  /** Absent where nobody wants to know. */
  readonly sent?: PacketCounts;
  sentBytes: number;
  /** Bytes of payload in PUBLISH packets. */
  publishSentBytes: number;
}

/** Counters that only grow. Written by connections, read by whoever reports. */
export class Traffic implements SentTraffic {
  readonly received = new PacketCounts();
  readonly sent = new PacketCounts();
  receivedBytes = 0;
  sentBytes = 0;
  /** Bytes of payload in PUBLISH packets. */
  publishReceivedBytes = 0;
  publishSentBytes = 0;
}
