/** The sums of RFC 3720, appendix B.4. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { crc32c } from './crc-32c.ts';

const sums: readonly (readonly [string, Uint8Array, number])[] = [
  ['32 zeros', new Uint8Array(32), 0x8a9136aa],
  ['32 bytes of 0xff', new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ['32 bytes that count up', Uint8Array.from({ length: 32 }, (_, at) => at), 0x46dd794e],
  ['the nine digits', Buffer.from('123456789'), 0xe3069283],
  ['nothing', new Uint8Array(0), 0],
];

for (const [name, bytes, sum] of sums) {
  it(`sums up ${name}`, () => assert.equal(crc32c(bytes), sum));
}
