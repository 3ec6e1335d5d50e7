/** The one field of a Sparkplug B payload that a broker may touch: its timestamp. */

/*
 * Protocol Buffers: fields one after another, in any order, each
 *   key            varint: number of the field × 8 + wire type
 *   value          0: varint; 1: 8 bytes; 2: varint length and as many bytes; 5: 4 bytes
 * The timestamp is field 1, a varint: milliseconds since 1970. Of several the last one counts.
 */
const wireTypes = { varint: 0, eightBytes: 1, bytes: 2, fourBytes: 5 } as const;
const timestampKey = (1 << 3) | wireTypes.varint;
const varintBytesMax = 10;

/**
 * The payload with another timestamp in place of its own.
 *
 * @returns undefined when it has none, or is no Sparkplug B
 */
export function withTimestamp(payload: Uint8Array, milliseconds: number): Uint8Array | undefined {
  const rest: Uint8Array[] = [];
  let hasTimestamp = false;
  for (let at = 0; at < payload.length; ) {
    const key = readVarint(payload, at);
    if (key === undefined) return undefined;
    const end = fieldEnd(payload, key.end, Number(key.value & 7n));
    if (end === undefined || key.value >> 3n === 0n) return undefined;
    if (key.value === BigInt(timestampKey)) hasTimestamp = true;
    else rest.push(payload.subarray(at, end));
    at = end;
  }
  if (!hasTimestamp) return undefined;
  return joined([Uint8Array.of(timestampKey), varint(BigInt(milliseconds)), ...rest]);
}

/** The payload's timestamp, in milliseconds since 1970. */
export function timestampOf(payload: Uint8Array): bigint | undefined {
  let timestamp: bigint | undefined;
  for (let at = 0; at < payload.length; ) {
    const key = readVarint(payload, at);
    if (key === undefined) return undefined;
    const end = fieldEnd(payload, key.end, Number(key.value & 7n));
    if (end === undefined) return undefined;
    if (key.value === BigInt(timestampKey)) timestamp = readVarint(payload, key.end)!.value;
    at = end;
  }
  return timestamp;
}

/** Where the value of a field ends that begins at `at`; undefined: it does not fit. */
function fieldEnd(bytes: Uint8Array, at: number, wireType: number): number | undefined {
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

function readVarint(bytes: Uint8Array, start: number): { value: bigint; end: number } | undefined {
  let value = 0n;
  for (let at = start; at < bytes.length && at < start + varintBytesMax; at++) {
    value |= BigInt(bytes[at] & 0x7f) << BigInt(7 * (at - start));
    if (bytes[at] < 0x80) return { value: BigInt.asUintN(64, value), end: at + 1 };
  }
  return undefined;
}

function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
