/** Hostile payloads for `sub --output`: each decoder gives valid JSON, or throws its own error. */

import { checkDecoders } from '../harness/payload-decoders.ts';
import type { FuzzTarget } from './fuzz-target.ts';
import { type Random, randomFrom } from './random.ts';

export const payloadDecodersFuzz: FuzzTarget = {
  name: 'payload-decoders',
  run(seed, until) {
    const random = randomFrom(seed);
    let iterations = 0;
    for (; !until(); iterations += 1) checkDecoders(randomPayload(random));
    return iterations;
  },
};

/** Bytes in which small ones, which are heads with little behind them, are frequent. */
function randomPayload(random: Random): Uint8Array {
  const heads = [
    0x5f, 0x7f, 0x81, 0x82, 0x9f, 0xa1, 0xbf, 0xc2, 0xc7, 0xd7, 0xf9, 0xff, 0x0a, 0x12,
  ];
  return Uint8Array.from({ length: random(40) }, () => {
    const kind = random(4);
    if (kind === 0) return random(256);
    return kind === 1 ? random(20) : heads[random(heads.length)];
  });
}
