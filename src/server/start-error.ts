/** Why a broker could not start, although its configuration is in order. */

/** A port, a file or an address that the broker needs is not to be had. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
