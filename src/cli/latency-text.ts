/** A short time as mosquitto_rr prints it. */

import { fixedNumber } from './number-text.ts';

const nanosecondsOf = { microsecond: 1000, millisecond: 1_000_000, second: 1_000_000_000 } as const;

/** `850ns`, `12.345000µs`, `3.210000ms`, `1.000000042` */
export function latencyText(nanoseconds: bigint): string {
  const all = Number(nanoseconds);
  const { microsecond, millisecond, second } = nanosecondsOf;
  if (all < microsecond) return `${all}ns`;
  if (all < millisecond) return `${fixedNumber(all / microsecond)}µs`;
  if (all < second) return `${fixedNumber(all / millisecond)}ms`;
  return `${Math.floor(all / second)}.${String(all % second).padStart(9, '0')}`;
}
