/**
 * What the store says of itself.
 *
 *     | layout version: 2 | 1 while a broker uses it, 0 when that has ended as it should: 1 |
 *     | when a broker has last begun after one that had broken off: 6; 0: never |
 *
 * The date is in milliseconds since 1970.
 */

import type { Changes } from './changes.ts';
import { isReadableLayout, layoutVersion, readNumber, tables, writeNumber } from './keys.ts';

const wholeBytes = 9;

export interface BrokerRecord {
  readonly layoutVersion: number;
  /** The broker that used it last has said goodbye to its clients. */
  readonly hasEnded: boolean;
  /**
   * Nobody knows who was connected when the broker broke off: whoever has not left since may have
   * been there until then.
   */
  readonly brokenOffAt: number;
}

export function writeBroker(
  changes: Changes,
  { hasEnded, brokenOffAt }: Omit<BrokerRecord, 'layoutVersion'>,
): void {
  const out = changes.beginPut(tables.broker, 0);
  out.u16(layoutVersion);
  out.u8(hasEnded ? 0 : 1);
  writeNumber(out, brokenOffAt);
  changes.endPut();
}

/** @returns undefined for what is no such record */
export function readBroker(value: Uint8Array): BrokerRecord | undefined {
  if (value.length < 2) return undefined;
  const version = value[0] * 256 + value[1];
  // Of another layout no more is known than its version.
  const isWhole = isReadableLayout(version) && value.length >= wholeBytes;
  if (isReadableLayout(version) && !isWhole) return undefined;
  return {
    layoutVersion: version,
    hasEnded: isWhole && value[2] === 0,
    brokenOffAt: isWhole ? readNumber(value, 3) : 0,
  };
}
