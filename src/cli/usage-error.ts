/** A command line that cannot be used as it is. */

/** The message says what is wrong with it; who catches it points to the help. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
