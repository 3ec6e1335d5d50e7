/** What servers send, read and written: whoever is one side only needs no more of the other. */

import { readAcknowledgement, writeAcknowledgement } from './acknowledgement.ts';
import { readAuth, writeAuth } from './auth.ts';
import type { Bodies } from './bodies.ts';
import type { ByteWriter } from './byte-writer.ts';
import { readConnack, writeConnack } from './connack.ts';
import { readDisconnect, writeDisconnect } from './disconnect.ts';
import { firstBytesFrom } from './first-byte.ts';
import { type Packet, writeWhole } from './packet.ts';
import { pingresp, writePing } from './ping.ts';
import { protocolError } from './protocol-error.ts';
import { readPublish, writePublish } from './publish.ts';
import { readSuback, writeSuback } from './suback.ts';
import { decodeTopicName } from './topic-name.ts';
import { readUnsuback, writeUnsuback } from './unsuback.ts';
import type { ProtocolVersion } from './version.ts';

/** Of one that was not asked for enhanced authentication, so that AUTH is out of place. */
export const fromServerWithoutAuth: Bodies = {
  side: 'server',
  firstBytes: /* @__PURE__ */ firstBytesFrom('server'),
  decodeTopic: decodeTopicName,
  read(type, body, firstByte, sender) {
    switch (type) {
      case 'publish':
        return readPublish(body, firstByte, sender);
      case 'puback':
      case 'pubrec':
      case 'pubrel':
      case 'pubcomp':
        return readAcknowledgement(body, type, sender.version);
      case 'connack':
        return readConnack(body, sender.version);
      case 'suback':
        return readSuback(body, sender.version);
      case 'unsuback':
        return readUnsuback(body, sender.version);
      case 'pingresp':
        return pingresp;
      case 'disconnect':
        return readDisconnect(body, sender);
      case 'auth':
        throw protocolError('AUTH, which was not asked for');
      default:
        throw new RangeError(`a server sends no ${type}`);
    }
  },
};

export const fromServer: Bodies = /* @__PURE__ */ withAuth(fromServerWithoutAuth);

function withAuth(bodies: Bodies): Bodies {
  return {
    ...bodies,
    read(type, body, firstByte, sender) {
      if (type === 'auth') return readAuth(body, sender);
      return bodies.read(type, body, firstByte, sender);
    },
  };
}

/** Does what `writePacket` does, for what a server may send. */
export function writeFromServer(out: ByteWriter, packet: Packet, version: ProtocolVersion): void {
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
    case 'connack':
      return writeConnack(out, packet, version);
    case 'suback':
      return writeSuback(out, packet, version);
    case 'unsuback':
      return writeUnsuback(out, packet, version);
    case 'pingresp':
      return writePing(out, packet);
    case 'disconnect':
      return writeDisconnect(out, packet, version);
    case 'auth':
      return writeAuth(out, packet, version);
    default:
      throw new RangeError(`a server sends no ${packet.type}`);
  }
}
