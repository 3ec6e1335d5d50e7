/** What becomes of the parts of a packet that outlive it. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Will } from '../packet/connect.ts';
import { keptWill } from './publication.ts';

it('keeps a will without the network input around it, and changes nothing in it', () => {
  const input = new Uint8Array(64 * 1024).map((_, i) => i);
  const will: Will = {
    topic: 'a',
    payload: input.subarray(10, 20),
    qos: 1,
    retain: true,
    properties: { correlationData: input.subarray(30, 35), contentType: 'text/plain' },
  };
  const kept = keptWill(will);
  assert.deepEqual(kept, will);
  const bytes = [kept.payload, kept.properties!.correlationData!].map(
    (view) => view.buffer.byteLength,
  );
  assert.deepEqual(bytes, [10, 5]);
});
