/**
 * What the store says of itself.
 *
 *     | layout version: 2 | 1 while a broker uses it, 0 when that has ended as it should: 1 |
 */

import type { Changes } from './changes.ts';
import { layoutVersion, tables } from './keys.ts';

export interface BrokerRecord {
  readonly layoutVersion: number;
  /** The broker that used it last has said goodbye to its clients. */
  readonly hasEnded: boolean;
}

export function writeBroker(changes: Changes, { hasEnded }: { hasEnded: boolean }): void {
  const out = changes.beginPut(tables.broker, 0);
  out.u16(layoutVersion);
  out.u8(hasEnded ? 0 : 1);
  changes.endPut();
}

/** @returns undefined for what is no such record */
export function readBroker(value: Uint8Array): BrokerRecord | undefined {
  if (value.length < 3) return undefined;
  return { layoutVersion: value[0] * 256 + value[1], hasEnded: value[2] === 0 };
}
