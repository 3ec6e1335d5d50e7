/** CONNECT: a client asks for a session (MQTT 5.0 section 3.1). */

import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { packetTypes } from './packet-types.ts';
import type { PropertiesIn } from './properties.ts';
import { readProperties, writeProperties } from './property-block.ts';
import { malformed, ProtocolError, protocolError } from './protocol-error.ts';
import { reasonCodes } from './reason-codes.ts';
import { decodeText, quoted } from './text.ts';
import type { ProtocolVersion, QoS } from './version.ts';
import { visibleText } from './visible-text.ts';

export type ConnectProperties = PropertiesIn<'connect'>;
export type WillProperties = PropertiesIn<'will'>;

export interface Connect {
  readonly type: 'connect';
  readonly version: ProtocolVersion;
  /** The bit that Mosquitto's bridges set in the protocol level of MQTT 3.1 and 3.1.1. */
  readonly bridge: boolean;
  readonly cleanStart: boolean;
  readonly keepAliveSeconds: number;
  readonly clientId: string;
  readonly will: Will | undefined;
  readonly userName: string | undefined;
  readonly password: Uint8Array | undefined;
  readonly properties?: ConnectProperties | undefined;
}

/** The message that the server publishes when the client is gone. */
export interface Will {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly properties?: WillProperties | undefined;
}

/** What the first two fields of a CONNECT say. */
export interface Protocol {
  readonly name: string;
  readonly level: number;
  /** False when it is none that we speak: then `version` is one that its sender may understand. */
  readonly isSupported: boolean;
  readonly version: ProtocolVersion;
  readonly bridge: boolean;
}

const bridgeBit = 0x80;

const protocols = [
  { name: 'MQIsdp', level: 3, version: 3, bridge: false },
  { name: 'MQIsdp', level: 3 | bridgeBit, version: 3, bridge: true },
  { name: 'MQTT', level: 4, version: 4, bridge: false },
  { name: 'MQTT', level: 4 | bridgeBit, version: 4, bridge: true },
  { name: 'MQTT', level: 5, version: 5, bridge: false },
] as const;

export function readProtocol(body: ByteReader): Protocol {
  const name = body.text();
  // Whoever speaks something else can read no answer. [MQTT-3.1.2-1]
  if (!protocols.some((protocol) => protocol.name === name)) {
    throw new ProtocolError(
      reasonCodes.unsupportedProtocolVersion,
      `protocol ${quoted(name)}, spoken here are "MQIsdp" and "MQTT"`,
    );
  }
  const level = body.u8();
  for (const protocol of protocols) {
    if (protocol.name !== name || protocol.level !== level) continue;
    return { ...protocol, isSupported: true };
  }
  // Levels up to 4 are those of clients that know the CONNACK of MQTT 3.x only.
  const plainLevel = level & ~bridgeBit;
  const isLater = plainLevel > 5 || (name === 'MQTT' && plainLevel === 5);
  return { name, level, isSupported: false, version: isLater ? 5 : 4, bridge: false };
}

/*
 * After the protocol:
 *
 *   flags                    bits 7-0: user name, password, will retain, will QoS (2), will,
 *                            clean start, reserved
 *   keep alive               2 bytes
 *   properties               MQTT 5.0
 *   client id                text
 *   will properties          MQTT 5.0 ┐
 *   will topic               text     ├ when the flags say so
 *   will payload             binary   ┘
 *   user name                text       when the flags say so
 *   password                 binary     when the flags say so
 */
const reservedFlag = 0x01;
const cleanStartFlag = 0x02;
const willFlag = 0x04;
const willQosBits = 0x18;
const willRetainFlag = 0x20;
const passwordFlag = 0x40;
const userNameFlag = 0x80;

const willQosShift = 3;

/** Reads what follows the protocol. */
export function readConnect(body: ByteReader, protocol: Protocol): Connect {
  if (!protocol.isSupported) throw unsupported(protocol);
  const { version, bridge } = protocol;
  const flags = quietly(() => body.u8());
  checkFlags(flags, version);
  const keepAliveSeconds = quietly(() => body.u16());
  const properties = version === 5 ? readProperties(body, 'connect') : undefined;
  if (properties?.authenticationData && properties.authenticationMethod === undefined) {
    // section 3.1.2.11.10
    throw protocolError('authentication data without an authentication method');
  }
  const clientId = readClientId(body, version);
  const will = flags & willFlag ? readWill(body, flags, version) : undefined;
  // MQTT 3.1 section 3.1: the remaining length wins over these two flags, so that a packet that
  // ends early is valid and has no user name or no password.
  const mayEnd = version === 3;
  const hasUserName = flags & userNameFlag && !(mayEnd && body.remaining === 0);
  const userName = hasUserName ? quietly(() => readPlainText(body)) : undefined;
  const hasPassword = flags & passwordFlag && !(mayEnd && body.remaining === 0);
  const password = hasPassword ? quietly(() => body.binary()) : undefined;
  return {
    type: 'connect',
    version,
    bridge,
    cleanStart: (flags & cleanStartFlag) !== 0,
    keepAliveSeconds,
    clientId,
    will,
    userName,
    password,
    properties,
  };
}

function unsupported({ name, level }: Protocol): ProtocolError {
  return new ProtocolError(
    reasonCodes.unsupportedProtocolVersion, // [MQTT-3.1.2-1] and [MQTT-3.1.2-2]
    `protocol ${quoted(name)} level ${level}, spoken here are "MQIsdp" 3, "MQTT" 4 and "MQTT" 5`,
  );
}

function checkFlags(flags: number, version: ProtocolVersion): void {
  // MQTT 3.1 calls bit 0 "not used", later versions check it [MQTT-3.1.2-3].
  if (flags & reservedFlag && version !== 3) {
    throw untold(malformed('connect sets the reserved flag, which must be 0'));
  }
  const willQos = (flags & willQosBits) >> willQosShift;
  if (willQos === 3) throw malformed('will QoS 3, allowed are 0 to 2'); // [MQTT-3.1.2-12]
  const aboutWill = flags & (willQosBits | willRetainFlag);
  if (!(flags & willFlag) && aboutWill && version !== 3) {
    // [MQTT-3.1.2-11]
    throw untold(malformed('connect sets will QoS or will retain without a will'));
  }
  const hasPasswordOnly = (flags & (userNameFlag | passwordFlag)) === passwordFlag;
  if (hasPasswordOnly && version !== 5) {
    throw malformed('a password without a user name, which MQTT 5.0 alone allows');
  }
}

function readClientId(body: ByteReader, version: ProtocolVersion): string {
  const start = quietly(() => body.skip(body.u16()));
  try {
    return visibleText(decodeText(body.bytes, start, body.at));
  } catch (error) {
    if (!(error instanceof ProtocolError) || version !== 5) throw error;
    throw new ProtocolError(reasonCodes.clientIdentifierNotValid, error.message);
  }
}

function readWillTopic(body: ByteReader): string {
  const topic = readPlainText(body);
  if (topic === '') throw protocolError('an empty will topic'); // [MQTT-4.7.3-1]
  if (!/[+#]/.test(topic)) return topic;
  throw new ProtocolError(
    reasonCodes.topicNameInvalid,
    `will topic ${quoted(topic)} has a wildcard, which only a topic filter may have`,
    'after CONNACK',
  );
}

function readPlainText(body: ByteReader): string {
  return visibleText(body.text());
}

/** The same, of which no CONNACK tells. */
function untold({ reasonCode, message, telling }: ProtocolError): ProtocolError {
  return new ProtocolError(reasonCode, message, telling === 'never' ? telling : 'after CONNACK');
}

/** What a CONNACK does not tell when it goes wrong, as Mosquitto does not either. */
function quietly<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof ProtocolError ? untold(error) : error;
  }
}

function readWill(body: ByteReader, flags: number, version: ProtocolVersion): Will {
  const properties = version === 5 ? readProperties(body, 'will') : undefined;
  const topic = readWillTopic(body);
  const payload = body.binary();
  return {
    topic,
    payload,
    qos: ((flags & willQosBits) >> willQosShift) as QoS,
    retain: (flags & willRetainFlag) !== 0,
    properties,
  };
}

/** A CONNECT carries its own version. */
export function writeConnect(out: ByteWriter, packet: Connect): void {
  const { version, bridge, will, userName, password } = packet;
  if (password !== undefined && userName === undefined && version !== 5) {
    throw new RangeError('a password without a user name, which MQTT 5.0 alone can carry');
  }
  if (bridge && version === 5) throw new RangeError('MQTT 5.0 has no bridge bit');
  const start = out.openPacket(packetTypes.connect.firstByte);
  out.text(version === 3 ? 'MQIsdp' : 'MQTT');
  out.u8(bridge ? version | bridgeBit : version);
  out.u8(flagsOf(packet));
  out.u16(packet.keepAliveSeconds);
  if (version === 5) writeProperties(out, 'connect', packet.properties);
  out.text(packet.clientId);
  if (will !== undefined) writeWill(out, will, version);
  if (userName !== undefined) out.text(userName);
  if (password !== undefined) out.binary(password);
  out.closeBlock(start);
}

function flagsOf({ cleanStart, will, userName, password }: Connect): number {
  let flags = 0;
  if (cleanStart) flags |= cleanStartFlag;
  if (will !== undefined) flags |= willFlag | (will.qos << willQosShift);
  if (will?.retain) flags |= willRetainFlag;
  if (password !== undefined) flags |= passwordFlag;
  if (userName !== undefined) flags |= userNameFlag;
  return flags;
}

function writeWill(out: ByteWriter, will: Will, version: ProtocolVersion): void {
  if (version === 5) writeProperties(out, 'will', will.properties);
  out.text(will.topic);
  out.binary(will.payload);
}
