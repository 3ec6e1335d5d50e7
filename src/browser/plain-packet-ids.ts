/** The open ids of QoS 2 for a page: in the place of `session/packet-ids.ts`. */

import type { PacketIds as ByLowBits } from '../session/packet-ids.ts';

export const PacketIds: new () => Pick<ByLowBits, keyof ByLowBits> = Set<number>;
