/** Headers of version 2 of the PROXY protocol, right ones and wrong ones. */

import { bytesOf } from '../../src/packet/packet-notation.ts';

export interface BinaryHeader {
  /** 21: PROXY, 20: LOCAL. */
  readonly command?: string;
  /** 11: TCP over IPv4, 21: TCP over IPv6, 31: a Unix socket. */
  readonly family?: string;
  readonly addresses?: string;
  readonly fields?: readonly Uint8Array[];
}

// From 192.0.2.1 port 51234 to 198.51.100.1 port 1883.
const ipv4Addresses = 'c0 00 02 01 c6 33 64 01 c8 22 07 5b';

/** Hexadecimal throughout. */
export function binaryHeader({
  command = '21',
  family = '11',
  addresses = ipv4Addresses,
  fields = [],
}: BinaryHeader = {}): Buffer {
  const body = Buffer.concat([bytesOf(addresses), ...fields]);
  const start = bytesOf(`0d0a0d0a000d0a515549540a ${command} ${family}`);
  return Buffer.concat([start, lengthOf(body), body]);
}

export function proxyField(type: number, value: Uint8Array | string): Buffer {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([Uint8Array.of(type), lengthOf(bytes), bytes]);
}

/** @param verify 0: the certificate, if there is one, was found good */
export function tlsField(flags: number, verify: number, ...fields: readonly Uint8Array[]): Buffer {
  return proxyField(0x20, Buffer.concat([Uint8Array.of(flags, 0, 0, 0, verify), ...fields]));
}

function lengthOf({ length }: Uint8Array): Uint8Array {
  return Uint8Array.of(length >> 8, length & 0xff);
}
