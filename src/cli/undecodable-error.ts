/** A payload that is not in the encoding that it was taken to be in. */

/** The message says what is wrong with it, and where. */
export class UndecodableError extends Error {
  override readonly name = 'UndecodableError';
}
