/** CRC-32C (Castagnoli), with which version 2 of the PROXY protocol seals its header. */

// The polynomial 0x1EDC6F41 with its bits the other way round.
const polynomial = 0x82f6_3b78;
const table = Uint32Array.from({ length: 0x100 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) {
    remainder = remainder & 1 ? (remainder >>> 1) ^ polynomial : remainder >>> 1;
  }
  return remainder;
});

export function crc32c(bytes: Uint8Array): number {
  let sum = 0xffff_ffff;
  for (const byte of bytes) sum = table[(sum ^ byte) & 0xff] ^ (sum >>> 8);
  return (sum ^ 0xffff_ffff) >>> 0;
}
