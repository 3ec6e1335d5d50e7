/**
 * Records as they lie on the disk: a checksum of key and value goes before the value, so that what
 * the disk has changed is never taken for what was written.
 *
 *     | CRC-32: 4 | value |
 */

import { crc32 } from 'node:zlib';

const sealBytes = 4;

export function seal(key: Uint8Array, value: Uint8Array): Buffer {
  const sealed = Buffer.allocUnsafe(sealBytes + value.length);
  sealed.set(value, sealBytes);
  sealed.writeUInt32BE(crc32(value, crc32(key)), 0);
  return sealed;
}

/** @returns a view of the value; undefined when it is not what was sealed under this key */
export function unseal(key: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
  if (sealed.length < sealBytes) return undefined;
  const sum = ((sealed[0] << 24) | (sealed[1] << 16) | (sealed[2] << 8) | sealed[3]) >>> 0;
  const value = sealed.subarray(sealBytes);
  return crc32(value, crc32(key)) === sum ? value : undefined;
}
