/** Lines out of a stream that is cut anywhere. */

import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { lineBatches } from './input-lines.ts';

describe('lines', () => {
  for (const { chunks, lines } of [
    { chunks: [], lines: [] },
    { chunks: ['a\nb\n'], lines: ['a', 'b'] },
    { chunks: ['a\nb'], lines: ['a', 'b'] },
    { chunks: ['a', 'b', 'c\nd', '\n'], lines: ['abc', 'd'] },
    { chunks: ['\n\n', '\r\n'], lines: ['', '', '\r'] },
  ]) {
    it(`of ${JSON.stringify(chunks)} are ${JSON.stringify(lines)}`, async () => {
      const stream = Readable.from(chunks.map((chunk) => Buffer.from(chunk)));
      const found: string[] = [];
      for await (const batch of lineBatches(stream)) found.push(...batch.map(String));
      assert.deepEqual(found, lines);
    });
  }
});
