/**
 * Damaged LMDB files: the reader reports what it finds and hands over what is intact, and what it
 * calls undamaged the library can read and change.
 */

import { rmSync } from 'node:fs';
import { tryDamages } from '../harness/lmdb-damage.ts';
import { trialFolder, writeSamples } from '../harness/lmdb-native.ts';
import type { FuzzTarget } from './fuzz-target.ts';

/** One child process of the library looks at those of them that seem undamaged. */
const filesPerRound = 40;

export const lmdbFileFuzz: FuzzTarget = {
  name: 'lmdb-file',
  run(seed, until) {
    const folder = trialFolder();
    const samples = writeSamples(folder);
    let iterations = 0;
    for (; !until(); iterations += filesPerRound) {
      tryDamages(samples, seed + iterations, { count: filesPerRound, folder });
    }
    // After a finding its file stays.
    rmSync(folder, { recursive: true });
    return iterations;
  },
};
