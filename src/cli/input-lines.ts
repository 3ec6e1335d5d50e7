/** The lines of a byte stream, as bytes. */

import type { Readable } from 'node:stream';

const newline = 0x0a;

/**
 * Lines in the batches in which they come, without their ends; what follows the last end is a line
 * if there is something.
 */
export async function* lineBatches(stream: Readable): AsyncGenerator<Buffer[]> {
  let pieces: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const lines: Buffer[] = [];
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      lines.push(Buffer.concat([...pieces, chunk.subarray(start, end)]));
      pieces = [];
      start = end + 1;
    }
    if (start < chunk.length) pieces.push(chunk.subarray(start));
    yield lines;
  }
  if (pieces.length > 0) yield [Buffer.concat(pieces)];
}
