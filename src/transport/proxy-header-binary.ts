/** Version 2 of the PROXY protocol: addresses in binary, and fields behind them. */

import { SocketAddress } from 'node:net';
import { peerText, unixPeerText } from './arrival.ts';
import { crc32c } from './crc-32c.ts';
import { readProxiedTls } from './proxied-tls.ts';
import { ProxyFields } from './proxy-fields.ts';
import type { ReadProxyHeader } from './proxy-header.ts';
import { corrupt } from './proxy-header-error.ts';

const signature = Uint8Array.of(13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10);

/** A header may be this long. Real ones have up to some hundred bytes. */
const headerBytesMax = 4_096;

/*
 *   signature      12 bytes
 *   version, 2     the high half of a byte
 *   command        the low half
 *   family         a byte: of addresses in its high half, of protocol in its low half
 *   length         2 bytes: of all that follows
 *   addresses      two, and then two ports; two paths for Unix sockets
 *   fields         type, 2 bytes of length, value
 */
const fixedBytes = 16;
const commands = { local: 0x20, proxy: 0x21 } as const;

interface Family {
  readonly addressesBytes: number;
  readonly peer: (addresses: DataView) => string;
}

/** Streams only: MQTT is not for datagrams. */
const families: ReadonlyMap<number, Family> = new Map([
  [0x11, { addressesBytes: 12, peer: ipv4Peer }],
  [0x21, { addressesBytes: 36, peer: ipv6Peer }],
  [0x31, { addressesBytes: 216, peer: unixPeer }],
]);
const unspecifiedFamily = 0x00;

const fieldTypes = { crc32c: 0x03, tls: 0x20 } as const;

export function readBinaryHeader(bytes: Uint8Array): ReadProxyHeader | undefined {
  const signed = Math.min(bytes.length, signature.length);
  for (let at = 0; at < signed; at++) {
    if (bytes[at] !== signature[at]) throw corrupt('its first 12 bytes are not the signature');
  }
  if (bytes.length < fixedBytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const command = view.getUint8(12);
  const length = fixedBytes + view.getUint16(14);
  const isLocal = command === commands.local;
  if (!isLocal && command !== commands.proxy) {
    throw corrupt(`version and command ${hex(command)} are neither 0x20, LOCAL, nor 0x21, PROXY`);
  }
  const family = familyOf(view.getUint8(13), isLocal);
  if (length > headerBytesMax) {
    throw corrupt(`${length} bytes, at most ${headerBytesMax} are accepted`);
  }
  if (bytes.length < length) return undefined;
  if (family === undefined) return { header: { type: 'local' }, length };
  return { header: readProxied(bytes.subarray(0, length), family, isLocal), length };
}

/** Undefined where there are no addresses. */
function familyOf(code: number, isLocal: boolean): Family | undefined {
  if (isLocal && code === unspecifiedFamily) return undefined;
  const family = families.get(code);
  if (family !== undefined) return family;
  throw corrupt(
    `family ${hex(code)} is none of 0x11, TCP over IPv4, 0x21, TCP over IPv6, and 0x31, a Unix socket`,
  );
}

function readProxied(
  bytes: Uint8Array,
  { addressesBytes, peer }: Family,
  isLocal: boolean,
): ReadProxyHeader['header'] {
  const fieldsStart = fixedBytes + addressesBytes;
  if (bytes.length < fieldsStart) throw corrupt('it ends in the middle of its addresses');
  const fields = new ProxyFields(bytes.subarray(fieldsStart));
  checkSum(bytes, fields.value(fieldTypes.crc32c));
  if (isLocal) return { type: 'local' };
  const tls = fields.value(fieldTypes.tls);
  const addresses = new DataView(bytes.buffer, bytes.byteOffset + fixedBytes, addressesBytes);
  return { type: 'proxied', peer: peer(addresses), tls: tls && readProxiedTls(tls) };
}

/** The sum of the whole header, taken with zeros for the sum itself. */
function checkSum(bytes: Uint8Array, sum: Uint8Array | undefined): void {
  if (sum === undefined) return;
  if (sum.length !== 4) throw corrupt('its checksum has not 4 bytes');
  const told = new DataView(sum.buffer, sum.byteOffset).getUint32(0);
  const unsealed = bytes.slice();
  unsealed.fill(0, sum.byteOffset - bytes.byteOffset, sum.byteOffset - bytes.byteOffset + 4);
  if (crc32c(unsealed) !== told) throw corrupt('its checksum is wrong');
}

function ipv4Peer(addresses: DataView): string {
  const octets = [0, 1, 2, 3].map((at) => addresses.getUint8(at));
  return peerText(octets.join('.'), addresses.getUint16(8));
}

function ipv6Peer(addresses: DataView): string {
  const groups = Array.from({ length: 8 }, (_, at) => addresses.getUint16(at * 2).toString(16));
  const { address } = new SocketAddress({ address: groups.join(':'), family: 'ipv6' });
  return peerText(address, addresses.getUint16(32));
}

function unixPeer(addresses: DataView): string {
  const path = Buffer.from(addresses.buffer, addresses.byteOffset, 108);
  // A name that is no file begins with a zero, which is written as an at sign.
  const isAbstract = path[0] === 0 && path[1] !== 0;
  const rest = isAbstract ? path.subarray(1) : path;
  const end = rest.indexOf(0);
  const name = rest.subarray(0, end < 0 ? rest.length : end).toString();
  return unixPeerText(isAbstract ? `@${name}` : name);
}

function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, '0')}`;
}
