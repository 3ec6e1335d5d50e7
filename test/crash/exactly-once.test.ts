/** The promise of QoS 2 end to end; `test/crash/million.ts` keeps it for a million messages. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Random } from '../simulation/random.ts';
import { exactlyOnce } from './exactly-once.ts';

it('messages of QoS 2 arrive once, in order, through kills and cuts', async () => {
  const random = new Random(2026);
  const outcome = await exactlyOnce({
    messages: 4000,
    killSeconds: 0.8,
    cutSeconds: 0.25,
    patienceSeconds: 30,
    random: () => random.below(2 ** 30) / 2 ** 30,
  });
  const { arrived, twice, outOfOrder, kills, cuts } = outcome;
  assert.deepEqual({ arrived, twice, outOfOrder }, { arrived: 4000, twice: 0, outOfOrder: 0 });
  assert.ok(kills + cuts > 0, `${kills} kills, ${cuts} cuts`);
});
