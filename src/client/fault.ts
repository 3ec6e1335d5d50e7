/** Arguments that no server could make sense of. */

/** @throws RangeError when there is a fault */
export function refuseFault(fault: string | undefined): void {
  if (fault !== undefined) throw new RangeError(fault);
}
