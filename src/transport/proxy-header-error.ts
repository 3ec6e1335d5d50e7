/** What is wrong with a header of the PROXY protocol. */

/** The message goes on from `Connection from 192.0.2.1:1234 rejected, …`. */
export class ProxyHeaderError extends Error {
  override readonly name = 'ProxyHeaderError';
}

/** @param fault goes on from `corrupt PROXY header: …` */
export function corrupt(fault: string): ProxyHeaderError {
  return new ProxyHeaderError(`corrupt PROXY header: ${fault}`);
}
