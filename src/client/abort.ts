/** Waiting for a signal, and no longer than that is wanted. */

/** Calls back when the signal aborts. @returns what ends the waiting */
export function whenAborted(signal: AbortSignal | undefined, act: () => void): () => void {
  signal?.addEventListener('abort', act, { once: true });
  return () => signal?.removeEventListener('abort', act);
}
