/** What the packets to one client go through. */

import { writeFromServer } from '../packet/from-server.ts';
import type { ProtocolVersion } from '../packet/version.ts';
import type { Output } from '../session/output.ts';
import { PacketSender } from '../session/packet-sender.ts';
import { isMounted } from '../topic/mount-point.ts';
import type { ConnectionOptions } from './connection-options.ts';
import type { Agreement } from './handshake.ts';

/** What a client has said of itself that matters to sending. */
export interface Peer extends Pick<Agreement, 'packetBytesMax' | 'topicAliasMax'> {
  readonly version: ProtocolVersion;
  readonly clientId: string | undefined;
}

export function senderTo(peer: Peer, output: Output, options: ConnectionOptions): PacketSender {
  const { version, clientId, packetBytesMax, topicAliasMax } = peer;
  const { clock, forms, limits, listener, observer, traffic } = options;
  const { mountPoint } = listener;
  return new PacketSender(output, {
    write: writeFromServer,
    version,
    packetBytesMax,
    topicAliasMax,
    outputBytesMax: limits.outputBytesMax,
    topicFor: mountPoint === undefined ? undefined : (topic) => below(mountPoint, topic),
    clock,
    traffic,
    publishForms: forms,
    tap: observer.packetSent && ((packet) => observer.packetSent?.(clientId, packet)),
  });
}

/** The topic without the mount point; undefined where it is another's. */
function below(mountPoint: string, topic: string): string | undefined {
  return isMounted(mountPoint, topic) ? topic.slice(mountPoint.length) : undefined;
}
