/** The masks of WebSocket frames (RFC 6455 section 5.3). */

// Below this, a view of bytes that nobody has one of yet costs more than it saves.
const viewedBytesMin = 128;

// Connections without sockets read into the same bytes each time, and so it is mostly at hand.
let words = new Int32Array(0);

/**
 * Masks or unmasks `bytes` from `at` to `end`, which is the same.
 *
 * @param mask its first byte is the lowest
 * @returns the mask for what comes after `end`
 */
export function applyMask(bytes: Uint8Array, at: number, end: number, mask: number): number {
  const { buffer, byteOffset } = bytes;
  if (words.buffer !== buffer) {
    if (end - at < viewedBytesMin) return byBytes(bytes, at, end, mask);
    words = new Int32Array(buffer as ArrayBuffer, 0, buffer.byteLength >>> 2);
  }
  const aligned = Math.min(end, at + (-(byteOffset + at) & 3));
  const rotated = byBytes(bytes, at, aligned, mask);
  const first = (byteOffset + aligned) >>> 2;
  const last = Math.max(first, (byteOffset + end) >>> 2);
  byWords(first, last, rotated);
  return byBytes(bytes, aligned + ((last - first) << 2), end, rotated);
}

function byBytes(bytes: Uint8Array, at: number, end: number, mask: number): number {
  let rotated = mask;
  for (let i = at; i < end; i++) {
    bytes[i] ^= rotated;
    rotated = (rotated >>> 8) | (rotated << 24);
  }
  return rotated;
}

// 16 KB take 2 µs, byte by byte 17. Eight bytes at a time would be numbers of another kind, each an
// object to the engine's quick compiler: 22 µs in a broker that is not warm yet.
function byWords(first: number, last: number, mask: number): void {
  const all = words;
  for (let i = first; i < last; i++) all[i] ^= mask;
}
