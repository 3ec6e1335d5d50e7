/** The encoding of Protocol Buffers, as far as it says where fields and numbers end. */

/*
 * Fields one after another, in any order, each
 *   key            varint: number of the field × 8 + wire type
 *   value          0: varint; 1: 8 bytes; 2: varint length and as many bytes; 5: 4 bytes
 */
export const wireTypes = { varint: 0, eightBytes: 1, bytes: 2, fourBytes: 5 } as const;
const varintBytesMax = 10;

/** Where the value of a field ends that begins at `at`; undefined: it does not fit. */
export function fieldEnd(bytes: Uint8Array, at: number, wireType: number): number | undefined {
  switch (wireType) {
    case wireTypes.varint:
      return readVarint(bytes, at)?.end;
    case wireTypes.eightBytes:
      return within(bytes, at + 8);
    case wireTypes.fourBytes:
      return within(bytes, at + 4);
    case wireTypes.bytes: {
      const length = readVarint(bytes, at);
      if (length === undefined || length.value > BigInt(bytes.length)) return undefined;
      return within(bytes, length.end + Number(length.value));
    }
    default:
      // Groups went out of use before Sparkplug began.
      return undefined;
  }
}

function within(bytes: Uint8Array, end: number): number | undefined {
  return end <= bytes.length ? end : undefined;
}

/** @returns undefined when the bytes end before it does, or it is longer than any may be */
export function readVarint(
  bytes: Uint8Array,
  start: number,
): { value: bigint; end: number } | undefined {
  let value = 0n;
  for (let at = start; at < bytes.length && at < start + varintBytesMax; at++) {
    value |= BigInt(bytes[at] & 0x7f) << BigInt(7 * (at - start));
    if (bytes[at] < 0x80) return { value: BigInt.asUintN(64, value), end: at + 1 };
  }
  return undefined;
}
