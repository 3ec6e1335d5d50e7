/** How the tests write the bytes of packets, so that a reader sees their structure. */

const encoder = new TextEncoder();

/**
 * The bytes of a notation. Hexadecimal digits stand for themselves, spaces for nothing,
 * `"text"` for a text with its two bytes of length, `(text)` for the text alone,
 * and `[…]` for what it holds, with its length as a variable byte integer before it.
 *
 *     bytesOf('c0 00')                               // PINGREQ
 *     bytesOf('30 ["a/b" (hello)]')                  // PUBLISH
 *     bytesOf('10 ["MQTT" 05 02 003c [21 0005] "id"]') // CONNECT with a receive maximum
 */
export function bytesOf(notation: string): Uint8Array {
  const tokens = notation.match(/"[^"]*"|\([^)]*\)|[[\]]|[0-9a-f]{2}|\S/g) ?? [];
  const blocks: number[][] = [[]];
  for (const token of tokens) {
    const block = blocks.at(-1)!;
    if (token === '[') blocks.push([]);
    else if (token === ']') closeBlock(blocks);
    else if (token.startsWith('"')) block.push(...lengthBefore(textIn(token)));
    else if (token.startsWith('(')) block.push(...textIn(token));
    else if (token.length === 2) block.push(Number.parseInt(token, 16));
    else throw new Error(`"${token}" in ${notation}, wanted are hex digits, "…", (…) and […]`);
  }
  if (blocks.length > 1) throw new Error(`a block in ${notation} has no end`);
  return Uint8Array.from(blocks[0]);
}

/** Bytes as pairs of hexadecimal digits. */
export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

function closeBlock(blocks: number[][]): void {
  const block = blocks.pop()!;
  const outer = blocks.at(-1);
  if (outer === undefined) throw new Error('a block ends that has no begin');
  let rest = block.length;
  for (; rest >= 0x80; rest >>= 7) outer.push((rest & 0x7f) | 0x80);
  outer.push(rest);
  for (const byte of block) outer.push(byte);
}

function textIn(token: string): Uint8Array {
  return encoder.encode(token.slice(1, -1));
}

function lengthBefore(bytes: Uint8Array): number[] {
  return [bytes.length >> 8, bytes.length & 0xff, ...bytes];
}
