/** What is wrong with a header of the PROXY protocol. */

/** The message goes on from `corrupt PROXY header: …`. */
export class ProxyHeaderError extends Error {
  override readonly name = 'ProxyHeaderError';
}

export function corrupt(fault: string): ProxyHeaderError {
  return new ProxyHeaderError(fault);
}
