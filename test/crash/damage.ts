/** What may happen to a file while nobody is looking. */

import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import type { Random } from '../simulation/random.ts';

const pageBytes = 4096;

export interface Damage {
  readonly name: string;
  /** How often it is tried, each time elsewhere. */
  readonly rounds: number;
  /** Changes the bytes in place, or returns how many are left. */
  readonly harm: (bytes: Uint8Array, random: Random) => number | undefined;
}

export const damages: readonly Damage[] = [
  {
    name: 'some random bytes',
    rounds: 4,
    harm: (bytes, random) => {
      times(random.between(1, 16), () => scribble(bytes, random, random.between(1, 64)));
      return undefined;
    },
  },
  {
    name: 'pages of zeros',
    rounds: 3,
    harm: (bytes, random) => {
      times(random.between(1, 8), () => pageOf(bytes, random).fill(0));
      return undefined;
    },
  },
  {
    name: 'two pages in place of each other',
    rounds: 2,
    harm: (bytes, random) => {
      const [one, other] = [pageOf(bytes, random), pageOf(bytes, random)];
      const kept = one.slice();
      one.set(other);
      other.set(kept);
      return undefined;
    },
  },
  { name: 'an end that is missing', rounds: 3, harm: ({ length }, random) => random.below(length) },
  { name: 'no byte left', rounds: 1, harm: () => 0 },
  {
    name: 'another beginning',
    rounds: 1,
    harm: (bytes, random) => {
      fill(bytes.subarray(0, 2 * pageBytes), random);
      return undefined;
    },
  },
  {
    name: 'nothing but noise',
    rounds: 1,
    harm: (bytes, random) => {
      fill(bytes, random);
      return undefined;
    },
  },
];

export function harmFile(path: string, { harm }: Damage, random: Random): void {
  const bytes = readFileSync(path);
  const left = harm(bytes, random);
  writeFileSync(path, bytes);
  if (left !== undefined) truncateSync(path, left);
}

function scribble(bytes: Uint8Array, random: Random, count: number): void {
  const start = random.below(bytes.length - count);
  fill(bytes.subarray(start, start + count), random);
}

function pageOf(bytes: Uint8Array, random: Random): Uint8Array {
  const start = random.below(Math.floor(bytes.length / pageBytes)) * pageBytes;
  return bytes.subarray(start, start + pageBytes);
}

function fill(bytes: Uint8Array, random: Random): void {
  for (let at = 0; at < bytes.length; at++) bytes[at] = random.below(256);
}

function times(count: number, act: () => void): void {
  for (let i = 0; i < count; i++) act();
}
