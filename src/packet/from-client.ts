/** What clients send, read and written: whoever is one side only needs no more of the other. */

import { readAcknowledgement, writeAcknowledgement } from './acknowledgement.ts';
import { readAuth, writeAuth } from './auth.ts';
import type { Bodies } from './bodies.ts';
import type { ByteWriter } from './byte-writer.ts';
import { writeConnect } from './connect.ts';
import { readDisconnect, writeDisconnect } from './disconnect.ts';
import { firstBytesFrom } from './first-byte.ts';
import { Opening } from './opening.ts';
import { type Packet, writeWhole } from './packet.ts';
import { pingreq, writePing } from './ping.ts';
import { protocolError } from './protocol-error.ts';
import { type Publish, readPublish, writePublish } from './publish.ts';
import { readSubscribe, writeSubscribe } from './subscribe.ts';
import { readUnsubscribe, writeUnsubscribe } from './unsubscribe.ts';
import type { ProtocolVersion } from './version.ts';
import { decodePublishedTopic } from './visible-text.ts';

export const fromClient: Bodies = {
  side: 'client',
  // Pure, so that whoever reads a server's packets alone has nothing of this.
  firstBytes: /* @__PURE__ */ firstBytesFrom('client'),
  decodeTopic: decodePublishedTopic,
  opening: (sizes) => new Opening(sizes),
  read(type, body, firstByte, sender) {
    switch (type) {
      case 'publish':
        return withoutIdentifiers(readPublish(body, firstByte, sender));
      case 'puback':
      case 'pubrec':
      case 'pubrel':
      case 'pubcomp':
        return readAcknowledgement(body, type, sender.version);
      case 'subscribe':
        return readSubscribe(body, sender.version);
      case 'unsubscribe':
        return readUnsubscribe(body, sender.version);
      case 'pingreq':
        return pingreq;
      case 'disconnect':
        return readDisconnect(body, sender);
      case 'auth':
        return readAuth(body, sender);
      default:
        throw new RangeError(`a client sends no ${type}`);
    }
  },
};

/** They are a server's to send. [MQTT-3.3.4-6] */
function withoutIdentifiers(publish: Publish): Publish {
  if (publish.properties?.subscriptionIdentifiers === undefined) return publish;
  throw protocolError('a client sent a subscription identifier');
}

/** Does what `writePacket` does, for what a client may send. */
export function writeFromClient(out: ByteWriter, packet: Packet, version: ProtocolVersion): void {
  if (packet.type === 'auth') writeAuth(out, packet, version);
  else writeFromClientWithoutAuth(out, packet, version);
}

/** The same for one that has no use for enhanced authentication. */
export function writeFromClientWithoutAuth(
  out: ByteWriter,
  packet: Packet,
  version: ProtocolVersion,
): void {
  writeWhole(out, packet, version, write);
}

function write(out: ByteWriter, packet: Packet, version: ProtocolVersion): void {
  switch (packet.type) {
    case 'publish':
      return writePublish(out, packet, version);
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp':
      return writeAcknowledgement(out, packet, version);
    case 'connect':
      return writeConnect(out, packet);
    case 'subscribe':
      return writeSubscribe(out, packet, version);
    case 'unsubscribe':
      return writeUnsubscribe(out, packet, version);
    case 'pingreq':
      return writePing(out, packet);
    case 'disconnect':
      return writeDisconnect(out, packet, version);
    default:
      throw new RangeError(`a client sends no ${packet.type}`);
  }
}
