/** AUTH: one step of an enhanced authentication (MQTT 5.0 section 3.15, unknown to MQTT 3.x). */

import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { packetTypes, type Side } from './packet-types.ts';
import type { PropertiesIn } from './properties.ts';
import { readProperties, writeProperties } from './property-block.ts';
import { protocolError } from './protocol-error.ts';
import { type ReasonCode, reasonCodes } from './reason-codes.ts';
import type { Sender } from './sender.ts';
import type { ProtocolVersion } from './version.ts';

export type AuthProperties = PropertiesIn<'auth'>;

export interface Auth {
  readonly type: 'auth';
  readonly reasonCode: ReasonCode;
  readonly properties?: AuthProperties | undefined;
}

/** MQTT 5.0 table 3-11, with its column "sent by". */
const allowed: Readonly<Record<Side, ReadonlySet<ReasonCode>>> = {
  client: new Set([reasonCodes.continueAuthentication, reasonCodes.reauthenticate]),
  server: new Set([reasonCodes.success, reasonCodes.continueAuthentication]),
};

/*
 *   reason code    1 byte   ┐ missing when the code is 0
 *   properties              ┘ and there are no properties
 */
export function readAuth(body: ByteReader, { side }: Sender): Auth {
  // Section 3.15.2.1 allows a server to leave out all, 3.15.2.2.2 asks for a method otherwise.
  if (body.remaining === 0 && side === 'server') {
    return { type: 'auth', reasonCode: reasonCodes.success, properties: undefined };
  }
  if (body.remaining === 0) {
    throw protocolError('auth has no authentication method');
  }
  const reasonCode = body.reasonCode(allowed[side], `the auth of a ${side}`);
  const properties = readProperties(body, 'auth');
  if (properties?.authenticationMethod === undefined) {
    throw protocolError('auth has no authentication method');
  }
  return { type: 'auth', reasonCode, properties };
}

export function writeAuth(
  out: ByteWriter,
  { reasonCode, properties }: Auth,
  version: ProtocolVersion,
): void {
  if (version !== 5) throw new RangeError(`auth is unknown to version ${version}, only to 5`);
  const start = out.openPacket(packetTypes.auth.firstByte);
  if (reasonCode !== reasonCodes.success || properties !== undefined) {
    out.u8(reasonCode);
    writeProperties(out, 'auth', properties);
  }
  out.closeBlock(start);
}
