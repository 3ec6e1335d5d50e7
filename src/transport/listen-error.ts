/** Why a listener cannot be opened, where the operator can do something about it. */

/** The message says what is wrong and what would help, in sentences. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}
