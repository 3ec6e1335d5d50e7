/** The names of reason codes, for messages that are made of them. */

import { reasonCodes } from './reason-codes.ts';

/** By which `reasonCodes` has it, of 0 the one that fits all packets; undefined: it has none. */
export function reasonName(reasonCode: number): string | undefined {
  if (reasonCode === reasonCodes.success) return 'success';
  return Object.entries(reasonCodes).find(([, code]) => code === reasonCode)?.[0];
}
