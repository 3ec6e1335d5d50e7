/** Tests the decoders with what no encoder has written. */

import { it } from 'node:test';
import fc from 'fast-check';
import { checkDecoders } from '../../test/harness/payload-decoders.ts';

it('a decoder gives valid JSON of any bytes, or throws UndecodableError', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), checkDecoders), { numRuns: 5000 });
});
