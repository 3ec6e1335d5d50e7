/** Packets that come in pieces are put together. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Assembly } from '../../src/packet/assembly.ts';

type AnyAssembly = Pick<Assembly, 'isUnderWay' | 'bytes' | 'begin' | 'add' | 'end'>;

/** What every Assembly does. */
export function assemblyContract(create: () => AnyAssembly): void {
  describe('Assembly', () => {
    it('has the bytes of the packet in their order, and takes none behind its end', () => {
      const lengths = fc.array(fc.integer({ min: 1, max: 10_000 }), { minLength: 1, maxLength: 5 });
      const pieceBytes = fc.integer({ min: 1, max: 5_000 });
      fc.assert(
        fc.property(lengths, pieceBytes, (packets, bytesMax) => {
          const assembly = create();
          for (const length of packets) {
            const packet = Uint8Array.from({ length }, (_, i) => i * 7);
            assembly.begin(length);
            for (let at = 0; at < length; ) {
              assert.equal(assembly.isUnderWay, true);
              // Behind it comes the next one, and in front of it was the one before.
              const rest = packet.subarray(at, at + bytesMax);
              const network = Uint8Array.from([
                1,
                2,
                ...rest,
                ...(rest.length < bytesMax ? [3] : []),
              ]);
              const taken = assembly.add(network, 2);
              assert.equal(taken, rest.length);
              at += taken;
            }
            assert.equal(assembly.isUnderWay, false);
            assert.deepEqual(assembly.bytes?.subarray(0, length), packet);
            assembly.end();
            assert.deepEqual([assembly.bytes, assembly.isUnderWay], [undefined, false]);
          }
        }),
        { numRuns: 50 },
      );
    });
  });
}
