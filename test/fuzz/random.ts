/** Random numbers that a seed repeats. */

/** A whole number from 0 to below `bound`. */
export type Random = (bound: number) => number;

/** A generator of the xorshift family: small, and the same run from the same seed. */
export function randomFrom(seed: number): Random {
  let state = Math.imul(seed | 0, 0x9e3779b1) || 1;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
}
