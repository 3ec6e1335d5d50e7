/** Memory that is given back holds nonsense afterwards, so that whoever still uses it is found. */

import { AssemblyPool } from '../../src/packet/assembly-pool.ts';

const nonsense = 0xdb;

/** From now on, for every broker of this process. */
export function spoilFreeMemory(): void {
  const { giveBack } = AssemblyPool.prototype;
  AssemblyPool.prototype.giveBack = function spoil(room) {
    giveBack.call(this, room.fill(nonsense));
  };
}
